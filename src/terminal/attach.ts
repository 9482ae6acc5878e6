import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import stringWidth from "string-width"
import { ExitStatus } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { notice, Output } from "../cli/output.ts"
import type { Metadata } from "../domain/Metadata.ts"
import { Host } from "../host/Host.ts"
import { changesIn } from "../session/changes.ts"
import { holdsConversation } from "../session/conversations.ts"
import type { SessionHandle } from "../session/handle.ts"
import { HistoryStore, type Outcome } from "../session/HistoryStore.ts"
import { storeOf } from "../session/stores.ts"
import { TerminalNeeded, UserTerminal } from "./UserTerminal.ts"

/** Lines of the tool's last screen that are shown when it failed. */
const lastLines = 20

/** Fails unless there is a terminal; `instead` says what to do without one. */
export const requireTerminal = (what: string, instead: string) =>
  Effect.flatMap(UserTerminal, ({ present }) => present ? Effect.void : new TerminalNeeded({ what, instead }))

/** A path as the user would write it. */
const short = (path: string, home: string): string =>
  path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path

/** How a session ended that no tool lived to tell of; the command that ended it has noted that. */
const endings: Readonly<Record<string, string>> = {
  killed: "was killed",
  shutdown: "was shut down",
  time: "reached its time limit"
}

/** Nobody waits longer than so for a look at what a session has changed. */
const lookTime = "1500 millis"

/** One line if a session has changed what runs later on this host. What cannot be told is not: `clincus diff` says why. */
const sayRisks = ({ id, lastStartedAt, startedAt, workspace }: Metadata) =>
  Effect.gen(function*() {
    const { complete, risks } = yield* changesIn(workspace, (lastStartedAt ?? startedAt).getTime(), true)
    if (risks.length === 0) return
    const kinds = [...new Set(risks.map(({ kind }) => kind))]
    const count = risks.reduce((sum, risk) => sum + risk.count, 0)
    yield* notice(
      `Note: ${complete ? "" : "at least "}${count} ${
        count === 1 ? "thing" : "things"
      } changed that may run later on this machine (${kinds.join(", ")}): clincus diff --risky ${
        id.slice(0, 8)
      }`
    )
  }).pipe(Effect.timeoutOption(lookTime), Effect.ignore)

/**
 * Says how a session ended that a terminal was attached to, where it is saved, and how to go on with it. A tool that
 * failed is shown with its last lines, and its exit status becomes the program's.
 */
export const sayEnd = (session: SessionHandle, outcome: Option.Option<Outcome>) =>
  Effect.gen(function*() {
    const { container, id, tool } = session
    const inForce = yield* HistoryStore
    const history = yield* storeOf(session)
    const host = yield* Host
    const output = yield* Output
    const key = { tool, id }
    const metadata = yield* Effect.orElseSucceed(history.get(key), Option.none)
    const useful = Option.isNone(metadata) ||
      (yield* holdsConversation(metadata.value, history.directory(key)))
    const noted = Option.getOrUndefined(metadata)?.end?.reason ?? ""
    const failed = Option.filter(outcome, ({ overtime, status }) => status !== 0 && !overtime)
    const how = Option.exists(outcome, ({ overtime }) => overtime)
      ? `${container} ${endings["time"]}`
      : Option.isSome(failed)
      ? `clincus: ${tool} ended with status ${failed.value.status}`
      : Option.isSome(outcome)
      ? `${tool} exited`
      : `${container} ${endings[noted] ?? "went away"}`
    const saved = short(history.directory(key).slice(0, -id.length - 1), host.home)
    const [first, second] = useful
      ? [
        `${how}; saved in ${saved}.`,
        history.root === inForce.root
          ? `Go on with: clincus shell --resume=${id}`
          : "To go on with it, set sessions_dir as it was."
      ]
      : [`${how}. Nothing was said in it that one could go on with.`, ""]
    // Two lines if one has no room: what is to be copied stays whole.
    const line = `${first} ${second}`.trim()
    const screen = Option.match(failed, { onNone: () => "", onSome: ({ screen }) => screen })
    yield* notice([
      ...(screen === "" ? [] : screen.split("\n").slice(-lastLines).map((line) => `  ${escape(line)}`)),
      escape(stringWidth(line) <= output.stderr.columns() ? line : `${first}\n${second}`.trim(), {
        lines: true
      })
    ].join("\n"))
    if (Option.isSome(metadata)) yield* sayRisks(metadata.value)
    if (Option.isSome(failed)) return yield* new ExitStatus({ code: failed.value.status })
    if (Option.exists(outcome, ({ overtime }) => overtime)) return yield* new ExitStatus({ code: 1 })
  })

/** Says that the session that was looked at wanted to set the clipboard, if it did. */
export const sayClipboard = Effect.gen(function*() {
  const terminal = yield* UserTerminal
  if (!(yield* terminal.refusedClipboard)) return
  yield* notice(
    "Note: the session wanted to set your clipboard. [session] clipboard = \"write\" in your configuration lets sessions do so."
  )
})

/** What the user is told after a detach: how to come back, and how to end it. */
export const sayDetached = ({ container }: SessionHandle) =>
  notice([
    `Detached: ${container} keeps running.`,
    `  clincus attach ${container}     come back`,
    `  clincus shutdown ${container}   end it`,
    `  clincus kill ${container}       end it at once`
  ].join("\n"))
