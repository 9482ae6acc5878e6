import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { whereabouts } from "../config/whereabouts.ts"
import { findCredentials } from "../credentials/find.ts"
import { Host } from "../host/Host.ts"
import * as State from "../host/stateFiles.ts"
import { IncusService } from "../incus/IncusService.ts"
import type { Profile } from "../incus/infrastructureSchemas.ts"
import type { Instance } from "../incus/schemas.ts"
import { explainShape } from "../policy/explain/explain.ts"
import type { Explanation } from "../policy/explain/Explanation.ts"
import type { About } from "../policy/explain/Fact.ts"
import { admittedNames } from "../policy/network/gateway.ts"
import { plannedDevices } from "../policy/network/planned.ts"
import { networkFacts } from "../policy/network/prepare.ts"
import { allowedNames } from "../policy/network/presets.ts"
import { openingOf, restrictedAcl } from "../policy/network/restricted.ts"
import { policyOf } from "../policy/policy.ts"
import { inheritedFrom, sessionProfiles } from "../policy/profiles.ts"
import { locate } from "../tool/locate.ts"
import type { Tool } from "../tool/Tool.ts"
import { builtIn } from "../tool/ToolRegistry.ts"
import { identityOf } from "../workspace/identity.ts"
import { environmentOf } from "./command.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { type LiveSession, liveSessions, type Selection, selectSession } from "./live.ts"
import { heldOf, protectionOf } from "./protection.ts"
import type { SessionRequest } from "./request.ts"
import { shapeOf } from "./shape.ts"
import { decodeSources, type Sources } from "./sources.ts"
import { inItsStore } from "./stores.ts"

/** The value of a configuration's key that has no line of its own takes that of the table above. */
const pathOf = (key: string): ReadonlyArray<string> => key.split(".")

/** Where each setting comes from, files with their lines. */
export const settingsFrom = (
  sources: Sources,
  profile: string | undefined
): Effect.Effect<(key: string) => string> =>
  Effect.map(
    Effect.forEach(
      Object.entries(sources),
      ([key, source]) =>
        Effect.map(whereabouts({ path: pathOf(key), source }, profile), (at) => [key, at] as const),
      { concurrency: "unbounded" }
    ),
    (found) => {
      const known = new Map(found)
      return (key) => known.get(key) ?? "default"
    }
  )

/** Which profile gives an instance what it has not itself. */
export const profilesFrom = (
  own: Pick<Instance, "config" | "devices">,
  profiles: ReadonlyArray<Profile>
): Pick<About, "profileOfDevice" | "profileOfKey"> => {
  const named = (test: (profile: Profile) => boolean) => {
    const found = profiles.findLast(test)
    return found === undefined ? undefined : `Incus profile ${found.name}`
  }
  return {
    profileOfKey: (key) =>
      own.config[key] === undefined ? named(({ config }) => config[key] !== undefined) : undefined,
    profileOfDevice: (name) =>
      own.devices[name] === undefined ? named(({ devices }) => devices[name] !== undefined) : undefined
  }
}

/** What of a profile a session does not get. */
export const leftOfProfiles = (profiles: ReadonlyArray<Profile>): Explanation["left_out"] =>
  inheritedFrom(profiles).leftOut.map(({ kind, name, profile }) => ({
    what: kind === "key" ? name : `device ${name}`,
    reason: `Incus profile ${profile}`
  }))

/** What of the tool's credentials and settings is in a saved session. */
const inState = (saved: string, tool: Tool | undefined) =>
  Effect.gen(function*() {
    const there = (paths: ReadonlyArray<string>) => Effect.filter(paths, (path) => State.exists(saved, path))
    return {
      files: yield* there(tool?.credentials.files.map(({ to }) => to) ?? []),
      copied: yield* there(
        tool?.config.flatMap(({ entries, to }) => entries.map((entry) => `${to}/${entry}`)) ?? []
      )
    }
  })

/** What Incus, or the gateway, opens to a session at this moment. */
const openingsOf = ({ instance, labels }: LiveSession) =>
  Effect.gen(function*() {
    if (labels.network === "allow") {
      const address = instance.expanded_devices["eth0"]?.["ipv4.address"]
      return address === undefined ? [] : yield* admittedNames(address).pipe(
        Effect.catchTag("GatewayFailed", ({ message }) => Effect.succeed([`not known: ${message}`]))
      )
    }
    const { acls } = yield* IncusService
    const acl = yield* acls.get(restrictedAcl)
    return Option.match(acl, {
      onNone: () => [],
      onSome: ({ egress }) =>
        egress.filter((rule) => labels.run !== undefined && openingOf(rule)?.run === labels.run).map((rule) =>
          [rule.destination?.replace(/\/32$/, ""), rule.destination_port]
            .filter((part) => part !== undefined && part !== "").join(":")
        )
    })
  })

const explainSession = (session: LiveSession) =>
  Effect.gen(function*() {
    const { instance, labels, tool: name } = session
    const incus = yield* IncusService
    const history = yield* HistoryStore
    const found = yield* Effect.forEach(instance.profiles, incus.profiles.get, { concurrency: "unbounded" })
    const profiles = found.flatMap(Option.toArray)
    const metadata = yield* history.get({ tool: name, id: labels.session })
    const recorded = Option.getOrElse(
      decodeSources(labels.sources),
      () => ({ sources: {}, network: undefined, withheld: [] })
    )
    const tool = builtIn.find((one) => one.name === name)
    const { copied, files } = yield* inState(labels.saved, tool)
    const variables = labels.variables.split(",").filter((variable) => variable !== "")
    const about: About = {
      home: labels.home,
      tool: name,
      image: Option.getOrUndefined(metadata)?.image,
      variables,
      credentials: [
        ...files.map((path) => `~/${path}`),
        ...(tool?.credentials.variables.filter((variable) => variables.includes(variable)) ?? [])
      ],
      copied,
      network: labels.network === undefined
        ? recorded.network
        : { mode: labels.network, allow: recorded.network?.allow ?? [] },
      openings: yield* openingsOf(session),
      clipboard: labels.clipboard === "write",
      end: labels.deadline === undefined ? undefined : new Date(labels.deadline).toISOString(),
      setting: yield* settingsFrom(
        recorded.sources,
        Option.getOrUndefined(Option.flatMapNullable(metadata, ({ profile }) => profile))
      ),
      ...profilesFrom(instance, profiles)
    }
    return {
      state: instance.status.toLowerCase(),
      container: instance.name,
      session: labels.session,
      tool: name,
      workspace: labels.workspace,
      facts: explainShape({ devices: instance.expanded_devices, config: instance.expanded_config }, about),
      left_out: [
        ...leftOfProfiles(profiles),
        ...recorded.withheld.map((what) => ({ what, reason: `${labels.workspace}/.clincus.toml` }))
      ]
    } satisfies Explanation
  })

/** What of the tool's credentials and settings on this host a session would get, and what beside them it would not. */
const onHost = (tool: Tool) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const host = yield* Host
    const path = yield* Path.Path
    const shown = (file: string) =>
      file.startsWith(`${host.home}/`) ? `~${file.slice(host.home.length)}` : file
    const exists = (file: string) => Effect.orElseSucceed(fs.exists(file), () => false)
    const files = yield* Effect.filter(
      yield* Effect.forEach(tool.credentials.files, ({ from }) => locate(from)),
      exists
    )
    const copies = yield* Effect.forEach(tool.config, ({ entries, from }) =>
      Effect.gen(function*() {
        const directory = yield* locate(from)
        const names = yield* Effect.orElseSucceed(fs.readDirectory(directory), (): Array<string> => [])
        // The home directory itself holds far more than a tool's settings.
        const others = directory === host.home ? [] : names
        return {
          copied: entries.filter((entry) => names.includes(entry)).map((entry) =>
            shown(path.join(directory, entry))
          ),
          left: others.map((name) => path.join(directory, name)).filter((file) =>
            !entries.includes(path.basename(file)) && !files.includes(file)
          ).map(shown)
        }
      }))
    return {
      files: files.map(shown),
      copied: copies.flatMap(({ copied }) => copied),
      left: copies.flatMap(({ left }) => left)
    }
  })

/** The same of a session that is not started, by a plan of it. Changes nothing, neither on the disk nor in Incus. */
export const explainPlan = (request: SessionRequest) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const host = yield* Host
    const { tool } = request.tool
    const profiles = yield* sessionProfiles
    const from = inheritedFrom(profiles)
    const identity = yield* identityOf(request.workspace, request.mounts)
    const protection = yield* protectionOf(request)
    const saved = history.directory({ tool: tool.name, id: "NEW" })
    const walls = policyOf({ ...request, pool: request.placement.pool }, from, host.memory)
    const own = shapeOf({
      request,
      identity,
      saved,
      walls,
      network: yield* plannedDevices(request.network, {
        ...(yield* networkFacts(request.network.mode)),
        devices: from.devices
      }),
      held: heldOf(protection, [], saved, request, identity)
    })
    const state = yield* onHost(tool)
    const { variables } = yield* findCredentials(tool)
    const environment = environmentOf(tool, identity.home, {
      credentials: variables,
      request: request.environment
    })
    const recorded = request.sources ?? { sources: {}, network: undefined, withheld: [] }
    const { time } = walls.limits
    const about: About = {
      home: identity.home,
      tool: tool.name,
      image: request.image,
      variables: Object.keys(environment).toSorted(),
      credentials: [...state.files, ...Object.keys(variables)],
      copied: state.copied,
      network: recorded.network,
      openings: request.network.mode !== "allow" ? [] : allowedNames(request.network.allow, tool.hosts ?? [])
        .map(({ name, port, wildcard }) => `${wildcard ? "*." : ""}${name}:${port}`),
      clipboard: request.clipboard === "write",
      end: time === undefined || time === "none" ? undefined : `${time} after the start`,
      setting: yield* settingsFrom(recorded.sources, request.profile),
      ...profilesFrom(own, profiles)
    }
    return {
      state: "planned",
      container: null,
      session: null,
      tool: tool.name,
      workspace: request.workspace.path,
      facts: explainShape({
        devices: { ...from.devices, ...own.devices },
        config: { ...from.config, ...own.config }
      }, about),
      left_out: [
        ...leftOfProfiles(profiles),
        ...recorded.withheld.map((what) => ({ what, reason: `${request.workspace.path}/.clincus.toml` })),
        ...state.left.map((what) => ({
          what,
          reason: `not copied for ${tool.name}`
        }))
      ]
    } satisfies Explanation
  })

/** Everything that a session can do whose container is there, by the instance as it is, and by what was noted at its start. */
export const explainLive = (selection: Selection) =>
  Effect.gen(function*() {
    const live = yield* liveSessions
    // A persistent container that is stopped has its walls too.
    const session = live.find(({ container }) => container === selection.container)
      ?? (yield* selectSession(selection, live))
    return yield* inItsStore(session, explainSession(session))
  })
