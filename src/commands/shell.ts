import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { describe } from "../cli/describe.ts"
import type { UsageError } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { notice, print } from "../cli/output.ts"
import { Signals } from "../host/Signals.ts"
import type { SessionHandle } from "../session/handle.ts"
import type { SessionOptions } from "../session/plan.ts"
import type { SessionRequest } from "../session/request.ts"
import type { Session } from "../session/Session.ts"
import { Sessions } from "../session/Sessions.ts"
import type { Resumable, SavedSession } from "../session/wanted.ts"
import { agreeOn } from "../terminal/agreement.ts"
import { requireTerminal, sayClipboard, sayDetached, sayEnd } from "../terminal/attach.ts"
import { UserTerminal } from "../terminal/UserTerminal.ts"
import { attachHere } from "./attach.ts"
import { parseEnvironment } from "./environment.ts"
import { printExplanation } from "./explanation.ts"
import { workspacePath } from "./options.ts"
import { directory, type Given, options, parseLimits, wrong } from "./shellOptions.ts"

/** `none` if the session is new; `""` is the newest one. */
const resumeOf = (given: Given): Effect.Effect<Option.Option<string>, UsageError> =>
  Option.isSome(given.resume) && Option.isSome(given.continue)
    ? Effect.fail(wrong("--resume and --continue mean the same; give one of them"))
    : Effect.succeed(Option.orElse(given.resume, () => given.continue))

/** Said by an option, or left to the saved session and the configuration. */
const persistentOf = ({ ephemeral, persistent }: Given): boolean | undefined =>
  persistent ? true : ephemeral ? false : undefined

const dockerOf = ({ docker, noDocker }: Given): boolean | undefined =>
  docker ? true : noDocker ? false : undefined

/** The directory that the command line names, if it does. */
const named = ({ directory, workspace }: Given) =>
  Option.getOrUndefined(Option.orElse(directory, () => workspace))

/** What `--background` prints of a session. Keys are only ever added. */
const handleJson = (session: SessionHandle) => ({
  container: session.container,
  session: session.id,
  slot: session.slot,
  workspace: session.workspace,
  tool: session.tool,
  persistent: session.persistent
})

const sayBackground = (session: SessionHandle) =>
  [
    `${session.container}  ${session.tool} on ${escape(session.workspace)}`,
    `  clincus attach ${session.container}         open it here`,
    `  clincus tmux capture ${session.container}   see its screen`,
    `  clincus tmux send ${session.container} ...  type into it`,
    `  clincus kill ${session.container}           end it at once`
  ].join("\n")

/** A tool that is gone so soon after its start has not started (ms). */
const firstMoment = 40

/** What the command line says of a session; the rest is decided by what is saved, and by the configuration. */
const optionsOf = (given: Given, resume: SavedSession | undefined) =>
  Effect.gen(function*() {
    const terminal = yield* UserTerminal
    return {
      workspace: named(given),
      slot: Option.getOrUndefined(given.slot),
      tool: Option.getOrUndefined(given.tool),
      image: Option.getOrUndefined(given.image),
      persistent: persistentOf(given),
      network: Option.getOrUndefined(given.network),
      environment: yield* parseEnvironment(given),
      profile: Option.getOrUndefined(given.profile),
      limits: yield* parseLimits(given),
      docker: dockerOf(given),
      resume,
      debug: given.debug,
      size: yield* terminal.size,
      protect: !given.noProtect,
      allowHome: given.allowHome,
      moment: given.background && !given.debug ? firstMoment : 0
    } satisfies SessionOptions
  })

/** What is to be said of a session that has just begun. */
const sayBeginning = (session: Session, resume: SavedSession | undefined) =>
  Effect.gen(function*() {
    yield* Effect.forEach(session.notes, (note) => notice(escape(note)))
    if (resume !== undefined && resume.metadata.workspace !== session.workspace) {
      yield* notice(`Session ${session.id} is one of ${session.workspace} from now on.`)
    }
    if (session.restarted) yield* notice(`Using the persistent container ${session.container} again.`)
  })

/** Starts a session and leaves it to itself. */
const runInBackground = (given: Given, request: SessionRequest, resume: SavedSession | undefined) =>
  Effect.scoped(Effect.gen(function*() {
    const sessions = yield* Sessions
    const session = yield* sessions.begin(request)
    yield* sayBeginning(session, resume)
    yield* session.keep
    yield* print(given.format, handleJson(session), () => sayBackground(session))
    yield* session.tidied
  }))

/** Starts a session and attaches the terminal; says how it went when the session is let go or has ended. */
const runAttached = (request: SessionRequest, resume: SavedSession | undefined) =>
  Effect.gen(function*() {
    const sessions = yield* Sessions
    const terminal = yield* UserTerminal
    const begun = yield* Ref.make(Option.none<Session>())
    const attached = Effect.scoped(Effect.gen(function*() {
      const session = yield* sessions.begin(request)
      yield* sayBeginning(session, resume)
      yield* Ref.set(begun, Option.some(session))
      return { session, after: yield* sessions.attachOwn(session, terminal) }
    }))
    const { after, session } = yield* attached.pipe(
      Effect.onInterrupt(() => sayInterrupted(begun)),
      // The way to the tool was lost, to a restart of Incus perhaps.
      Effect.tapError((error) =>
        Effect.flatMap(Ref.get(begun), (found) =>
          Option.isSome(found) && error._tag !== "ToolGone" ? sayDetached(found.value) : Effect.void)
      )
    )
    yield* sayClipboard
    yield* after._tag === "Detached" ? sayDetached(session) : sayEnd(session, after.outcome)
  })

/** Tells of a session that an interrupt has ended. The window that it was in may be closed: then nobody is told. */
const sayInterrupted = (begun: Ref.Ref<Option.Option<Session>>) =>
  Effect.gen(function*() {
    const signals = yield* Signals
    const session = yield* Ref.get(begun)
    if (Option.isNone(session) || Option.contains(yield* signals.received, "SIGHUP")) return
    yield* Effect.ignore(sayEnd(session.value, Option.none()))
  })

/** Says what a session could do. Nobody is asked, since nothing is started: what is not granted is said to be so. */
const rehearse = (given: Given, resume: SavedSession | undefined) =>
  Effect.gen(function*() {
    const sessions = yield* Sessions
    const request = yield* sessions.plan(yield* optionsOf(given, resume))
    yield* printExplanation(given.format, yield* sessions.explainPlan(request))
  })

/** A new session, or a saved one that goes on. */
const run = (given: Given, resume: SavedSession | undefined) =>
  Effect.gen(function*() {
    if (given.dryRun) return yield* rehearse(given, resume)
    const sessions = yield* Sessions
    const request = yield* sessions.plan(yield* optionsOf(given, resume), agreeOn)
    yield* given.background ? runInBackground(given, request, resume) : runAttached(request, resume)
  })

/** A session has its tool, and while it runs its workspace; others cannot be asked for beside it. */
const requireSame = (given: Given, found: Resumable) =>
  Effect.gen(function*() {
    const session = found._tag === "Saved" ? found.metadata : found.session
    if (Option.exists(given.tool, (tool) => tool !== session.tool)) {
      return yield* wrong(`the session that is resumed is one of ${session.tool}; leave out --tool`)
    }
    const directory = named(given)
    if (found._tag === "Saved" || directory === undefined) return
    if ((yield* workspacePath(directory)) !== session.workspace) {
      return yield* wrong(
        `the session that is resumed runs, in ${found.session.container}, and works on ${session.workspace}`,
        `Leave out the workspace to attach to it; to move it, end it first: clincus shutdown ${found.session.container}`
      )
    }
  })

const resume = (given: Given, id: string) =>
  Effect.gen(function*() {
    const sessions = yield* Sessions
    // An id says all, wherever the user is.
    const found = yield* sessions.find(
      id !== "" ? { id } : {
        workspace: named(given),
        tool: Option.getOrUndefined(given.tool),
        slot: Option.getOrUndefined(Option.filter(given.slot, (slot) => slot !== 0))
      }
    )
    yield* requireSame(given, found)
    if (found._tag === "Saved") return yield* run(given, found)
    const { session } = found
    if (
      Object.values(yield* parseLimits(given)).some((limit) => limit !== undefined) ||
      dockerOf(given) !== undefined
    ) {
      return yield* wrong(
        `the session that is resumed runs, in ${session.container}: it has the bounds that it was started with`,
        `Leave out --limit-… and --docker to attach to it; to change them, end it first: clincus shutdown ${session.container}`
      )
    }
    if (!given.background) return yield* attachHere(session)
    yield* notice(`${session.container} is running already.`)
    yield* print(given.format, handleJson(session), () => sayBackground(session))
  })

const withoutTerminal = "Use --background, then 'clincus tmux capture' and 'clincus tmux send'."

/** What `clincus shell` and `clincus resume` do. */
export const shell = (given: Given) =>
  Effect.gen(function*() {
    if (given.format === "json" && !given.background && !given.dryRun) {
      return yield* wrong("--format json goes with --background or --dry-run")
    }
    if (Option.isSome(given.directory) && Option.isSome(given.workspace)) {
      return yield* wrong("the workspace is given twice: as an argument and with --workspace")
    }
    if (given.persistent && given.ephemeral) {
      return yield* wrong("--persistent and --ephemeral exclude each other")
    }
    if (given.docker && given.noDocker) return yield* wrong("--docker and --no-docker exclude each other")
    if (!given.background && !given.dryRun) {
      yield* requireTerminal("a session", withoutTerminal)
    }
    if (given.allowHome) yield* requireTerminal("--allow-home", "Work on the directory of a project.")
    const id = yield* resumeOf(given)
    return yield* Option.match(id, {
      onNone: () => run(given, undefined),
      onSome: (text) => resume(given, text)
    })
  })

export const command = Command.make("shell", { ...options, directory }, shell).pipe(
  Command.withDescription(
    describe("Start a session: a tool at work on a directory, in a container of its own.", {
      group: "Sessions",
      details: [
        "The container is deleted when the tool exits, unless the session is persistent; the conversation is saved either way. Ctrl+B d detaches and leaves the tool running.",
        "What the host runs or trusts in the directory is read-only inside: git's hooks and configuration, settings of editors and tools. [security] writable and protect change what that is, --no-protect opens all of it.",
        "A tool, an image or a mode that .clincus.toml of the directory asks for is used only when you have granted it: you are asked once, and again when the file has changed. --tool, --image, --docker, --persistent and --ephemeral choose without it.",
        "A session has half of the machine's memory and 4096 processes at most, and gives way where others want the processors too. --limit-memory and the like set other bounds, and a time after which it ends."
      ],
      examples: [
        ["clincus shell", "Work on the current directory."],
        ["clincus shell ~/project --tool opencode", "Another directory, another tool."],
        ["clincus shell --slot 2", "A second session beside the first."],
        ["clincus shell --persistent", "Keep the container and what is installed in it."],
        ["clincus shell --limit-time 8h --limit-memory 4GiB", "Bound what it may use, and how long."],
        ["clincus shell --resume", "Go on with the last conversation of this directory."],
        ["clincus shell --resume=3f2b ~/moved", "Go on with a session whose directory was moved."],
        ["clincus shell --dry-run", "What could a session do here?"],
        ["clincus shell --background --format json", "Start without a terminal and print a handle."]
      ]
    })
  )
)
