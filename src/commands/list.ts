import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { format, notice, Output, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import { age } from "../cli/units.ts"
import { describeEnd, type Metadata } from "../domain/Metadata.ts"
import { Host } from "../host/Host.ts"
import type { LiveSession } from "../session/live.ts"
import { Sessions } from "../session/Sessions.ts"
import { workspace, workspacePath } from "./options.ts"

/** One of `active_containers`. Keys are only ever added. */
const activeJson = ({ container, id, instance, labels, persistent, slot, tool, workspace }: LiveSession) => ({
  container,
  session: id,
  slot,
  state: instance.status.toLowerCase(),
  persistent,
  tool,
  workspace,
  started_at: new Date(labels.started).toISOString()
})

/** One of `saved_sessions`. Keys are only ever added; `end` is null while the session has not ended. */
const savedJson = (metadata: Metadata) => ({
  session: metadata.id,
  tool: metadata.tool,
  workspace: metadata.workspace,
  slot: metadata.slot,
  container: metadata.container,
  persistent: metadata.persistent,
  started_at: metadata.startedAt.toISOString(),
  last_used_at: metadata.lastUsedAt.toISOString(),
  ended_at: metadata.endedAt?.toISOString() ?? null,
  end: metadata.end ?? null
})

const activeColumns = [
  { title: "CONTAINER" },
  { title: "SLOT", align: "right" },
  { title: "STATE" },
  { title: "MODE" },
  { title: "TOOL" },
  { title: "WORKSPACE", shrink: "path" },
  { title: "AGE", align: "right" }
] as const

const savedColumns = [
  { title: "SESSION" },
  { title: "TOOL" },
  { title: "WORKSPACE", shrink: "path" },
  { title: "LAST USED", align: "right" },
  { title: "ENDED", shrink: "end" }
] as const

const all = Options.boolean("all").pipe(
  Options.withAlias("a"),
  Options.withDescription("Saved sessions too.")
)
const tool = Options.text("tool").pipe(
  Options.withAlias("t"),
  Options.withPseudoName("TOOL"),
  Options.withDescription("Only sessions of this tool."),
  Options.optional
)

export const command = Command.make(
  "list",
  { all, workspace, tool, format },
  (given) =>
    Effect.gen(function*() {
      const output = yield* Output
      const host = yield* Host
      const path = Option.isSome(given.workspace)
        ? yield* workspacePath(given.workspace.value)
        : undefined
      const fits = (one: { readonly workspace: string; readonly tool: string }) =>
        (path === undefined || one.workspace === path)
        && Option.match(given.tool, { onNone: () => true, onSome: (name) => one.tool === name })

      const { list, saved: readSaved } = yield* Sessions
      const live = (yield* list).filter(fits)
      const saved = given.all ? yield* readSaved : { sessions: [], damaged: [] }
      const sessions = saved.sessions.filter(fits)
      yield* Effect.forEach(
        saved.damaged,
        (directory) => notice(`clincus: ${directory} cannot be read as a saved session and is left out`)
      )

      const now = yield* Clock.currentTimeMillis
      const shape = {
        active_containers: live.map(activeJson),
        ...(given.all ? { saved_sessions: sessions.map(savedJson) } : {})
      }
      const text = () => {
        const layout = { stream: output.stdout, home: host.home }
        const running = live.length === 0 ? "No session is running." : table(
          activeColumns,
          live.map(({ container, instance, labels, persistent, slot, tool, workspace }) => [
            container,
            String(slot),
            instance.status.toLowerCase(),
            persistent ? "persistent" : "ephemeral",
            tool,
            workspace,
            age(now - labels.started)
          ]),
          layout
        )
        if (!given.all) return running
        const past = sessions.length === 0 ? "No session is saved." : table(
          savedColumns,
          sessions.map((metadata) => [
            metadata.id,
            metadata.tool,
            metadata.workspace,
            age(now - metadata.lastUsedAt.getTime()),
            live.some(({ id, running }) => running && id === metadata.id)
              ? "running"
              : describeEnd(metadata.end)
          ]),
          layout
        )
        return `${running}\n\nSaved sessions\n${past}`
      }
      yield* print(given.format, shape, text)
    })
).pipe(
  Command.withDescription(describe("List sessions.", {
    group: "Sessions",
    details: [
      "Running sessions and stopped persistent ones; with --all, the saved sessions too.",
      "--format json prints { active_containers: […], saved_sessions: […] }, the latter with --all."
    ],
    examples: [
      ["clincus list", "What runs now."],
      ["clincus list --all --workspace .", "All sessions of the current directory, saved ones too."],
      ["clincus list --format json", "For scripts."]
    ]
  }))
)
