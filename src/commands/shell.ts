import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { attach, attachToLive, requireTerminal, sayDetached, sayEnd } from "../cli/attach.ts"
import { describe } from "../cli/describe.ts"
import { UsageError } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { optionalValue, repeatable } from "../cli/options.ts"
import { format, notice, print } from "../cli/output.ts"
import { agreeOn } from "../cli/trust.ts"
import { UserTerminal } from "../cli/UserTerminal.ts"
import { ConfigService } from "../config/ConfigService.ts"
import type { RequestKey } from "../config/Settings.ts"
import { Host } from "../domain/Host.ts"
import { Signals } from "../domain/Signals.ts"
import { isVariableName, readOnlyVariables } from "../domain/variables.ts"
import type { Metadata } from "../session/metadata.ts"
import { reconcile } from "../session/reconcile.ts"
import { findResumable, slotFor } from "../session/resume.ts"
import { type Session, startSession } from "../session/Session.ts"
import { openWorkspace } from "../session/workspace.ts"
import { chooseTool } from "../tool/ToolRegistry.ts"
import { slot, workspace, workspacePath } from "./options.ts"

const directory = Args.text({ name: "WORKSPACE" }).pipe(
  Args.withDescription("Directory that the session works on; the current one by default."),
  Args.optional
)

export const options = {
  workspace,
  slot,
  tool: Options.text("tool").pipe(
    Options.withAlias("t"),
    Options.withPseudoName("TOOL"),
    Options.withDescription(
      "The AI coding tool: claude, opencode, codex, gemini, copilot, aider or one of yours."
    ),
    Options.optional
  ),
  resume: optionalValue("resume", "ID").pipe(
    Options.withDescription(
      "Go on with a saved session: the newest of this workspace, or the one with this id."
    )
  ),
  continue: optionalValue("continue", "ID").pipe(Options.withDescription("The same as --resume.")),
  persistent: Options.boolean("persistent").pipe(
    Options.withAlias("p"),
    Options.withDescription(
      "Keep the container when the session ends: it is stopped, and restarted the next time."
    )
  ),
  ephemeral: Options.boolean("ephemeral").pipe(
    Options.withDescription(
      "Delete the container when the session ends; the default, unless configured otherwise."
    )
  ),
  background: Options.boolean("background").pipe(
    Options.withAlias("b"),
    Options.withDescription("Start the tool and return at once, without attaching.")
  ),
  env: repeatable("env", "KEY=VALUE").pipe(
    Options.withAlias("e"),
    Options.withDescription(
      "A variable for the tool; KEY alone takes the value that it has here."
    )
  ),
  image: Options.text("image").pipe(
    Options.withPseudoName("ALIAS"),
    Options.withDescription("Image of the container."),
    Options.optional
  ),
  profile: Options.text("profile").pipe(
    Options.withPseudoName("PROFILE"),
    Options.withDescription("A profile of the configuration, [profiles.<name>]."),
    Options.optional
  ),
  debug: Options.boolean("debug").pipe(Options.withDescription("Start bash in the place of the tool.")),
  format
}

type Given = Command.Command.ParseConfig<typeof options & { readonly directory: typeof directory }>

const wrong = (reason: string, advice?: string) =>
  new UsageError({ command: "clincus shell", reason, advice })

/** `KEY=VALUE`, or `KEY` for the value that it has on the host. */
const parseEnvironment = (given: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const host = yield* Host
    const pairs = yield* Effect.forEach(given, (word) => {
      const equals = word.indexOf("=")
      const name = equals < 0 ? word : word.slice(0, equals)
      if (readOnlyVariables.includes(name)) return Effect.fail(wrong(`bash does not let anybody set ${name}`))
      if (!isVariableName(name)) {
        return Effect.fail(wrong(`'${name}' is not a name of a variable`, "Write --env KEY=VALUE."))
      }
      const value = equals < 0 ? host.environment[name] : word.slice(equals + 1)
      return value === undefined
        ? Effect.fail(wrong(`--env ${name}: the variable is not set here`, `Write --env ${name}=VALUE.`))
        : Effect.succeed([name, value] as const)
    })
    return Object.fromEntries(pairs)
  })

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

/** A new session, or a saved one that goes on. */
const begin = (given: Given, resumed: Option.Option<Metadata>) =>
  Effect.gen(function*() {
    const named = Option.match(resumed, {
      onNone: () => Option.getOrElse(Option.orElse(given.directory, () => given.workspace), () => "."),
      onSome: (metadata) => metadata.workspace
    })
    const workspace = yield* openWorkspace(named)
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
        size: yield* terminal.size
      })
    }
  })

/** Starts, attaches, and says how it went; the session ends with the scope unless it was detached from. */
const run = (given: Given, resumed: Option.Option<Metadata>) =>
  Effect.scoped(Effect.gen(function*() {
    const { session: start, settings } = yield* begin(given, resumed)
    const tidy = Effect.forkScoped(Effect.ignoreLogged(reconcile))
    // While Incus makes the container there is nothing else to do; a session that goes on is first made live again,
    // or it would itself be taken for one that a crash left open.
    const early = Option.isNone(resumed) ? yield* tidy : undefined
    const session = yield* start
    const tidying = early ?? (yield* tidy)
    const signals = yield* Signals
    const host = yield* Host
    if (`${host.home}/`.startsWith(`${session.workspace}/`)) {
      yield* notice(
        "Note: your home directory is in this workspace, so the tool can read and write all of it, keys and passwords too."
      )
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
            ? Effect.void
            : keeps
            ? session.keep
            : session.endsAs("detached"))
      ),
      // The way to the tool was lost, to a restart of Incus perhaps. That is no reason to take its work away.
      Effect.tapError(() => Effect.zipRight(session.keep, sayDetached(session.container)))
    )
    // Whoever ended it by a command has noted so already.
    if (after === "gone") yield* session.endsAs("lost")
    if (after === "detached" && keeps) {
      yield* session.keep
      return yield* sayDetached(session.container)
    }
    if (after !== "detached") {
      yield* sayEnd(session.container, session.tool, outcome)
    }
  }))

/** A session that is found by its id has its tool and workspace already; other ones cannot be asked for beside it. */
const requireSame = (given: Given, session: { readonly tool: string; readonly workspace: string }) =>
  Effect.gen(function*() {
    if (Option.exists(given.tool, (tool) => tool !== session.tool)) {
      return yield* wrong(`the session that is resumed is one of ${session.tool}; leave out --tool`)
    }
    const named = Option.orElse(given.directory, () => given.workspace)
    if (Option.isSome(named) && (yield* workspacePath(named.value)) !== session.workspace) {
      return yield* wrong(
        `the session that is resumed works on ${session.workspace}; leave out the workspace`
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
    yield* requireSame(given, found._tag === "Saved" ? found.metadata : found.session.labels)
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
        ["clincus shell --background --format json", "Start without a terminal and print a handle."]
      ]
    })
  )
)
