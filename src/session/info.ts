import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describeEnd, type Metadata } from "../domain/Metadata.ts"
import type { NetworkMode } from "../domain/network.ts"
import * as State from "../host/stateFiles.ts"
import { IncusService } from "../incus/IncusService.ts"
import { isUp } from "../incus/schemas.ts"
import { hostPortsIn } from "../policy/network/devices.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { type LiveSession, liveSessions, type Selection, selectSession } from "./live.ts"
import { findSaved } from "./resume.ts"
import { inItsStore } from "./stores.ts"

/** Entries of a saved session that are counted for its size; a session with more entries is said to be at least so large. */
const entryLimit = 200_000

const asIds = (owner: string) => `uid ${owner.split(":")[0]}, gid ${owner.split(":")[1]}`

/**
 * What is known of a session, for people and programs: what `clincus info --format json` prints. Times are ISO 8601 in UTC,
 * sizes bytes; null is what is not known of this session. Keys are only ever added.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const describe = ({ ended, processes, state, workspace }: Clincus.SessionInfo): string =>
 *   `${workspace}: ${ended ?? state}, ${processes ?? 0} processes`
 */
export interface SessionInfo {
  /** The session's id, a UUID. */
  readonly session: string
  readonly tool: string
  /** Real path on the host. */
  readonly workspace: string | null
  /** Path of the workspace in the container. */
  readonly workspace_inside: string | null
  readonly container: string | null
  readonly slot: number | null
  /** `saved`, or the status that Incus gives the container, in lower case: `running`, `stopped`, … */
  readonly state: string
  readonly persistent: boolean | null
  readonly image: string | null
  readonly profile: string | null
  readonly on_detach: "keep" | "end" | null
  readonly started_at: string | null
  readonly last_used_at: string | null
  readonly ended_at: string | null
  /** When its time limit ends it; null if it has none. */
  readonly ends_at: string | null
  /** How it ended, in the words of `describeEnd`; null while it runs. */
  readonly ended: string | null
  /** Whom the tool is outside the container: `uid 1000, gid 1000`. */
  readonly runs_as: string | null
  /** Whom the tool is inside the container. */
  readonly runs_inside_as: string | null
  /** Whether root in the container is root on the user's files. */
  readonly root_on_mounts: boolean | null
  /** Directories of the host: the device's name, the path inside, the path on the host. */
  readonly mounts: ReadonlyArray<{ readonly name: string; readonly at: string; readonly from: string }>
  /** What the session may reach, as it was decided at its start; null if it is not live, or of an older clincus. */
  readonly network_mode: NetworkMode | null
  /** What of the machine's own services is opened to it, by port. */
  readonly open_host_ports: ReadonlyArray<number>
  /** Names of the networks that the container is on. */
  readonly network: ReadonlyArray<string>
  /** The container's global addresses. */
  readonly addresses: ReadonlyArray<string>
  /** Names of the variables that the tool was given. */
  readonly variables: ReadonlyArray<string>
  /** Limits of the container, by the names of Incus: `limits.memory`. */
  readonly limits: Readonly<Record<string, string>>
  readonly memory_bytes: number | null
  readonly processes: number | null
  /** The saved session's directory on the host. */
  readonly state_directory: string
  readonly state_bytes: number
  /** False if there is more in the directory than was counted. */
  readonly state_size_complete: boolean
}

const describeSession = (metadata: Option.Option<Metadata>, live: Option.Option<LiveSession>) =>
  Effect.gen(function*() {
    const incus = yield* IncusService
    const history = yield* HistoryStore
    const saved = Option.getOrUndefined(metadata)
    const labels = Option.getOrUndefined(live)?.labels
    const instance = Option.getOrUndefined(live)?.instance
    const key = { tool: saved?.tool ?? labels?.tool ?? "", id: saved?.id ?? labels?.session ?? "" }
    const directory = history.directory(key)
    const state = instance === undefined || !isUp(instance)
      ? Option.none()
      : yield* Effect.option(incus.instances.state(instance.name))
    const { bytes, complete } = yield* State.size(directory, entryLimit)
    const info: SessionInfo = {
      session: key.id,
      tool: key.tool,
      workspace: saved?.workspace ?? labels?.workspace ?? null,
      workspace_inside: saved?.containerPath ?? labels?.directory ?? null,
      container: instance?.name ?? saved?.container ?? null,
      slot: labels?.slot ?? saved?.slot ?? null,
      state: instance?.status.toLowerCase() ?? "saved",
      persistent: labels === undefined ? saved?.persistent ?? null : labels.persistent === "true",
      image: saved?.image ?? null,
      profile: saved?.profile ?? null,
      on_detach: Option.match(live, { onNone: () => null, onSome: ({ onDetach }) => onDetach }),
      started_at: saved?.startedAt.toISOString() ?? null,
      last_used_at: saved?.lastUsedAt.toISOString() ?? null,
      ended_at: saved?.endedAt?.toISOString() ?? null,
      ended: instance !== undefined && isUp(instance) ? null : describeEnd(saved?.end),
      runs_as: labels === undefined ? null : asIds(labels.owner ?? `${labels.uid}:${labels.gid}`),
      runs_inside_as: labels === undefined ? null : asIds(`${labels.uid}:${labels.gid}`),
      root_on_mounts: instance === undefined
        ? null
        : Object.values(instance.expanded_devices).some(({ shift }) => shift === "true"),
      mounts: Object.entries(instance?.expanded_devices ?? {})
        .filter(([, device]) => device["type"] === "disk" && device["source"] !== undefined)
        .map(([name, device]) => ({ name, at: device["path"] ?? "", from: device["source"] ?? "" })),
      network_mode: labels?.network ?? null,
      open_host_ports: hostPortsIn(instance?.expanded_devices ?? {}),
      network: Object.values(instance?.expanded_devices ?? {})
        .filter((device) => device["type"] === "nic")
        .map((device) => device["network"] ?? device["parent"] ?? ""),
      addresses: Option.match(state, {
        onNone: () => [],
        onSome: ({ network }) =>
          Object.values(network).flatMap(({ addresses }) =>
            addresses.filter(({ scope }) => scope === "global").map(({ address }) => address)
          )
      }),
      variables: (labels?.variables ?? "").split(",").filter((name) => name !== ""),
      limits: Object.fromEntries(
        Object.entries(instance?.expanded_config ?? {}).filter(([name]) => name.startsWith("limits."))
      ),
      ends_at: labels?.deadline === undefined ? null : new Date(labels.deadline).toISOString(),
      memory_bytes: Option.match(state, { onNone: () => null, onSome: ({ memory }) => memory.usage }),
      processes: Option.match(state, { onNone: () => null, onSome: ({ processes }) => processes }),
      state_directory: directory,
      state_bytes: bytes,
      state_size_complete: complete
    }
    return info
  })

/**
 * Everything known of one session: of a running or stopped container by its name, of a saved one by its id or the
 * beginning of that; without either the only running one.
 */
export const sessionInfo = (wanted: Selection) =>
  Effect.gen(function*() {
    const all = yield* liveSessions
    const byName = all.find(({ container }) => container === wanted.container)
    if (wanted.container !== undefined && byName === undefined) {
      const metadata = yield* findSaved(wanted.container)
      return yield* describeSession(
        Option.some(metadata),
        Option.fromNullable(all.find(({ id }) => id === metadata.id))
      )
    }
    const live = byName ?? (yield* selectSession(wanted, all))
    return yield* inItsStore(
      live,
      Effect.gen(function*() {
        const history = yield* HistoryStore
        return yield* describeSession(yield* history.get(live), Option.some(live))
      })
    )
  })
