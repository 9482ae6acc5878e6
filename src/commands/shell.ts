import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { describe } from "../cli/describe.ts"
import { UsageError } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { notice, print } from "../cli/output.ts"
import { ConfigService } from "../config/ConfigService.ts"
import type { RequestKey } from "../config/Settings.ts"
import type { Metadata } from "../domain/Metadata.ts"
import { Signals } from "../host/Signals.ts"
import { CannotResume } from "../session/errors.ts"
import { reconcile } from "../session/reconcile.ts"
import { findResumable, type Resumable, slotFor } from "../session/resume.ts"
import { type Session, startSession } from "../session/Session.ts"
import { agreeOn } from "../terminal/agreement.ts"
import { attach, attachToLive, requireTerminal, sayDetached, sayEnd } from "../terminal/attach.ts"
import { UserTerminal } from "../terminal/UserTerminal.ts"
import { chooseTool } from "../tool/ToolRegistry.ts"
import { openWorkspace } from "../workspace/Workspace.ts"
import { workspacePath } from "./options.ts"
import { directory, type Given, options, parseEnvironment, wrong } from "./shellOptions.ts"

/** `none` where the session is new; `""` is the newest one. */
const resumeOf = (given: Given): Effect.Effect<Option.Option<string>, UsageError> =>
  Option.isSome(given.resume) && Option.isSome(given.continue)
    ? Effect.fail(wrong("--resume and --continue mean the same; give one of them"))
    : Effect.succeed(Option.orElse(given.resume, () => given.continue))

const isPersistent = (given: Given, resumed: Option.Option<Metadata>, configured: boolean) => {
  const unsaid = Option.match(resumed, { onNone: () => configured, onSome: ({ persistent }) => persistent })
  return given.persistent || (!given.ephemeral && unsaid)
}

/** What the workspace's own file need not be asked about: options say it, or the session that goes on has it. */
const decidedBy = (given: Given, resumed: Option.Option<Metadata>): ReadonlyArray<RequestKey> => [
  ...(Option.isSome(given.tool) || Option.isSome(resumed) ? ["tool.name" as const] : []),
  ...(Option.isSome(given.image) || Option.isSome(resumed) ? ["defaults.image" as const] : []),
  ...(given.persistent || given.ephemeral || Option.isSome(resumed) ? ["defaults.persistent" as const] : [])
]

/** The part of a session that a handle shows. */
type Known = Pick<Session, "container" | "id" | "slot" | "workspace" | "tool">

const handle = (session: Known & { readonly persistent: boolean }) => ({
  container: session.container,
  session: session.id,
  slot: session.slot,
  workspace: session.workspace,
  tool: session.tool,
  persistent: session.persistent
})

const sayBackground = (session: Known) =>
  [
    `${session.container}  ${session.tool} on ${escape(session.workspace)}`,
    `  clincus attach ${session.container}         open it here`,
    `  clincus tmux capture ${session.container}   see its screen`,
    `  clincus tmux send ${session.container} ...  type into it`,
    `  clincus kill ${session.container}           end it at once`
  ].join("\n")

/** A tool that is gone so soon after its start has not started (ms). */
const firstMoment = 40

/** The directory of a saved session; one that is gone may have been moved. */
const workspaceOf = (metadata: Metadata) =>
  openWorkspace(metadata.workspace).pipe(
    Effect.catchTag("BadWorkspace", (bad) =>
      Effect.fail(
        bad.reason !== "missing" ? bad : new CannotResume({
          reason: `${metadata.workspace}, the directory of session ${metadata.id}, is not there any more`,
          next: `If it was moved: clincus shell --resume=${metadata.id} NEW-DIRECTORY`
        })
      ))
  )

/** A new session, or a saved one that goes on. */
const begin = (given: Given, resumed: Option.Option<Metadata>) =>
  Effect.gen(function*() {
    const asked = Option.orElse(given.directory, () => given.workspace)
    const workspace = Option.isSome(resumed) && Option.isNone(asked)
      ? yield* workspaceOf(resumed.value)
      : yield* openWorkspace(Option.getOrElse(asked, () => "."))
    const environment = yield* parseEnvironment(given.env)
    const config = yield* ConfigService
    const profile = Option.getOrUndefined(given.profile)
    const effective = yield* config.load({
      workspace: workspace.path,
      profile,
      decided: decidedBy(given, resumed)
    })
    const settings = yield* agreeOn(effective, profile)
    const toolName = Option.match(resumed, {
      onNone: () => Option.getOrElse(given.tool, () => settings.tool.name),
      onSome: (metadata) => metadata.tool
    })
    const terminal = yield* UserTerminal
    return {
      settings,
      session: startSession({
        workspace,
        settings,
        tool: yield* chooseTool(settings, toolName),
        slot: yield* Option.match(resumed, {
          onNone: () => Effect.succeed(Option.getOrElse(given.slot, () => 0)),
          onSome: (metadata) => slotFor(metadata, Option.getOrUndefined(given.slot))
        }),
        image: Option.getOrElse(given.image, () =>
          Option.match(resumed, { onNone: () => settings.defaults.image, onSome: ({ image }) => image })),
        persistent: isPersistent(given, resumed, settings.defaults.persistent),
        environment,
        resume: resumed,
        debug: given.debug,
        size: yield* terminal.size,
        allowHome: given.allowHome,
        moment: given.background && !given.debug ? firstMoment : 0
      })
    }
  })

/** Starts, attaches, and says how it went; the session ends with the scope unless it was detached from. */
const run = (given: Given, resumed: Option.Option<Metadata>) =>
  Effect.scoped(Effect.gen(function*() {
    const { session: start, settings } = yield* begin(given, resumed)
    // What ends with the scope is told of when it has ended: this finalizer is the last that runs.
    const ending = yield* Ref.make(Option.none<Session>())
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(
        Ref.get(ending),
        Option.match({
          onNone: () => Effect.void,
          onSome: ({ container, id, tool }) =>
            Effect.ignore(sayEnd(container, tool, { id, left: Option.none() }))
        })
      )
    )
    // While Incus makes the container there is nothing else to do.
    const tidying = yield* Effect.forkScoped(Effect.ignoreLogged(reconcile))
    const session = yield* start
    const signals = yield* Signals
    yield* Effect.forEach(session.notes, (note) => notice(escape(note)))
    if (Option.exists(resumed, ({ workspace }) => workspace !== session.workspace)) {
      yield* notice(`Session ${session.id} is one of ${session.workspace} from now on.`)
    }
    if (session.restarted) yield* notice(`Using the persistent container ${session.container} again.`)
    if (given.background) {
      yield* session.keep
      yield* print(given.format, handle(session), () => sayBackground(session))
      return yield* Fiber.join(tidying)
    }
    const keeps = settings.session.on_detach === "keep"
    const { after, outcome } = yield* attach(session).pipe(
      // A closed window is a detach; whoever wants an end says so.
      Effect.onInterrupt(() =>
        Effect.flatMap(signals.received, (signal) =>
          !Option.contains(signal, "SIGHUP")
            ? Ref.set(ending, Option.some(session))
            : keeps
            ? session.keep
            : session.endsAs("detached"))
      ),
      // The way to the tool was lost, to a restart of Incus perhaps. That is no reason to take its work away.
      Effect.tapError((error) =>
        Effect.zipRight(
          session.keep,
          error._tag === "ToolGone" ? Effect.void : sayDetached(session.container)
        )
      )
    )
    // Whoever ended it by a command has noted so already.
    if (after === "gone") yield* session.endsAs("lost")
    if (after === "detached" && keeps) {
      yield* session.keep
      return yield* sayDetached(session.container)
    }
    if (after === "detached") return yield* Ref.set(ending, Option.some(session))
    yield* sayEnd(session.container, session.tool, outcome)
  }))

/** A session has its tool, and while it runs its workspace; others cannot be asked for beside it. */
const requireSame = (given: Given, found: Resumable) =>
  Effect.gen(function*() {
    const session = found._tag === "Saved" ? found.metadata : found.session.labels
    if (Option.exists(given.tool, (tool) => tool !== session.tool)) {
      return yield* wrong(`the session that is resumed is one of ${session.tool}; leave out --tool`)
    }
    const named = Option.orElse(given.directory, () => given.workspace)
    if (found._tag === "Saved" || Option.isNone(named)) return
    if ((yield* workspacePath(named.value)) !== session.workspace) {
      return yield* wrong(
        `the session that is resumed runs, in ${found.session.container}, and works on ${session.workspace}`,
        `Leave out the workspace to attach to it; to move it, end it first: clincus shutdown ${found.session.container}`
      )
    }
  })

const resume = (given: Given, id: string) =>
  Effect.gen(function*() {
    const found = yield* findResumable(
      // An id says all, wherever the user is.
      id !== "" ? { id } : {
        workspace: yield* openWorkspace(
          Option.getOrElse(Option.orElse(given.directory, () => given.workspace), () => ".")
        ),
        tool: Option.getOrUndefined(given.tool),
        slot: Option.getOrUndefined(Option.filter(given.slot, (slot) => slot !== 0))
      }
    )
    yield* requireSame(given, found)
    if (found._tag === "Saved") return yield* run(given, Option.some(found.metadata))
    const { session } = found
    if (given.background) {
      yield* notice(`${session.container} is running already.`)
      const { labels } = session
      const known = { ...labels, id: labels.session, container: session.container }
      const persistent = labels.persistent === "true"
      return yield* print(given.format, handle({ ...known, persistent }), () => sayBackground(known))
    }
    yield* attachToLive(session)
  })

const withoutTerminal = "Use --background, then 'clincus tmux capture' and 'clincus tmux send'."

/** What `clincus shell` and `clincus resume` do. */
export const shell = (given: Given) =>
  Effect.gen(function*() {
    if (given.format === "json" && !given.background) {
      return yield* wrong("--format json goes with --background")
    }
    if (Option.isSome(given.directory) && Option.isSome(given.workspace)) {
      return yield* wrong("the workspace is given twice: as an argument and with --workspace")
    }
    if (given.persistent && given.ephemeral) {
      return yield* wrong("--persistent and --ephemeral exclude each other")
    }
    if (!given.background) {
      yield* requireTerminal("a session", withoutTerminal)
    }
    if (given.allowHome) yield* requireTerminal("--allow-home", "Work on the directory of a project.")
    const id = yield* resumeOf(given)
    return yield* Option.match(id, {
      onNone: () => run(given, Option.none()),
      onSome: (text) => resume(given, text)
    })
  })

export const command = Command.make("shell", { ...options, directory }, shell).pipe(
  Command.withDescription(
    describe("Start a session: a tool at work on a directory, in a container of its own.", {
      group: "Sessions",
      details: [
        "The container is deleted when the tool exits, unless the session is persistent; the conversation is saved either way. Ctrl+B d detaches and leaves the tool running.",
        "A tool, an image or a mode that .clincus.toml of the directory asks for is used only when you have granted it: you are asked once, and again when the file has changed. --tool, --image, --persistent and --ephemeral choose without it."
      ],
      examples: [
        ["clincus shell", "Work on the current directory."],
        ["clincus shell ~/project --tool opencode", "Another directory, another tool."],
        ["clincus shell --slot 2", "A second session beside the first."],
        ["clincus shell --persistent", "Keep the container and what is installed in it."],
        ["clincus shell --resume", "Go on with the last conversation of this directory."],
        ["clincus shell --resume=3f2b ~/moved", "Go on with a session whose directory was moved."],
        ["clincus shell --background --format json", "Start without a terminal and print a handle."]
      ]
    })
  )
)
