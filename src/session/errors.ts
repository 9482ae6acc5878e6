import * as Data from "effect/Data"

/**
 * The directory of saved sessions could not be read or written.
 *
 * @see EndFailure
 */
export class HistoryError
  extends Data.TaggedError("HistoryError")<{ readonly path: string; readonly reason: string }>
{
  override get message(): string {
    return `cannot use ${this.path}: ${this.reason}`
  }
  get hint(): string {
    return "Check its owner and permissions and the free space, or set [paths] sessions_dir in the configuration."
  }
}

/**
 * `--slot` names a slot that does not exist.
 *
 * @see SessionFailure
 */
export class SlotOutOfRange extends Data.TaggedError("SlotOutOfRange")<{ readonly slot: number }> {
  readonly usage = true
  override get message(): string {
    return `there is no slot ${this.slot}: slots are 1 to 10, and 0 chooses a free one`
  }
}

/**
 * The slot that was asked for has a running session.
 *
 * @see SessionFailure
 */
export class SlotInUse extends Data.TaggedError("SlotInUse")<{
  readonly slot: number
  readonly container: string
  readonly workspace: string
}> {
  override get message(): string {
    return `slot ${this.slot} of ${this.workspace} is in use by ${this.container}`
  }
  get hint(): string {
    return `Attach to it with 'clincus attach ${this.container}', or leave out --slot to get a free one.`
  }
}

/**
 * All ten slots of a workspace have running sessions.
 *
 * @see SessionFailure
 */
export class NoFreeSlot extends Data.TaggedError("NoFreeSlot")<{ readonly workspace: string }> {
  override get message(): string {
    return `all 10 slots of ${this.workspace} are in use`
  }
  get hint(): string {
    return "End a session ('clincus list' shows them, 'clincus kill CONTAINER' ends one), then try again."
  }
}

/**
 * No live session fits what was asked for.
 *
 * @see GetFailure
 */
export class NoLiveSession extends Data.TaggedError("NoLiveSession")<{ readonly asked: string }> {
  override get message(): string {
    return this.asked === "" ? "no session is running" : `no session is running ${this.asked}`
  }
  get hint(): string {
    return "Start one with 'clincus shell', or see 'clincus list --all'."
  }
}

/**
 * Several live sessions fit, and one must be named.
 *
 * @see GetFailure
 */
export class SeveralSessions extends Data.TaggedError("SeveralSessions")<{
  readonly containers: ReadonlyArray<string>
}> {
  override get message(): string {
    return `${this.containers.length} sessions are running: ${this.containers.join(", ")}`
  }
  get hint(): string {
    return "Name one of them."
  }
}

/**
 * The container exists, but clincus did not make it, or made it for another user (`user` is that user's uid).
 *
 * @see GetFailure
 */
export class NotASession extends Data.TaggedError("NotASession")<{
  readonly container: string
  readonly user: number | undefined
}> {
  override get message(): string {
    return this.user === undefined
      ? `${this.container} is not a container of clincus`
      : `${this.container} is a session of another user, with uid ${this.user}`
  }
  get hint(): string {
    return `clincus leaves it alone; 'incus' itself can manage it.`
  }
}

/**
 * `--resume` cannot be done. Nothing is started instead.
 *
 * @see FindFailure
 */
export class CannotResume extends Data.TaggedError("CannotResume")<{
  readonly reason: string
  readonly next: string
}> {
  override get message(): string {
    return `cannot resume: ${this.reason}`
  }
  get hint(): string {
    return this.next
  }
}

/**
 * The tool ended in the first moment of its session: it is missing in the image, or refuses its settings.
 *
 * @see SessionFailure
 */
export class ToolEnded extends Data.TaggedError("ToolEnded")<{
  /** Its title. */
  readonly tool: string
  readonly status: number
  /** The last lines of its screen. */
  readonly screen: string
}> {
  override get message(): string {
    const lines = this.screen.split("\n").filter((line) => line.trim() !== "").slice(-lastLines)
    return [`${this.tool} ended at once, with status ${this.status}`, ...lines.map((line) => `  ${line}`)]
      .join("\n")
  }
  get hint(): string {
    return this.status === 127
      ? "Is it in the image? 'clincus shell --image ALIAS' takes another one, and 'clincus shell --debug' shows what is in it."
      : "Run 'clincus shell --debug' to try it by hand."
  }
}

/** How many lines of a tool's last screen are told. */
const lastLines = 20

/**
 * The container of a session runs, but its tool does not: the system in it was restarted, or tmux was killed.
 *
 * @see AttachFailure
 */
export class ToolGone extends Data.TaggedError("ToolGone")<{
  readonly container: string
  readonly id: string
  readonly persistent: boolean
}> {
  override get message(): string {
    return `no tool is running in ${this.container}`
  }
  get hint(): string {
    // As wide as the longest, so that what they are for stands in one column of 80.
    const step = (command: string, what: string) => `  ${command.padEnd(59)}   ${what}`
    return [
      "Its system was restarted, or tmux was killed. The conversation is saved.",
      step(`clincus attach ${this.container} --bash`, "look inside"),
      step(`clincus ${this.persistent ? "shutdown" : "kill"} ${this.container}`, "end it"),
      step(`clincus shell --resume=${this.id}`, "then go on")
    ].join("\n")
  }
}

/**
 * A session whose start is not done yet cannot be attached to.
 *
 * @see AttachFailure
 */
export class StillStarting extends Data.TaggedError("StillStarting")<{ readonly container: string }> {
  override get message(): string {
    return `the tool in ${this.container} has not started yet`
  }
  get hint(): string {
    return `Another clincus is starting it. Try again in a moment: clincus attach ${this.container}`
  }
}

/**
 * A release that did not succeed: the container is still there.
 *
 * @see EndFailure
 */
export class ContainerLeft extends Data.TaggedError("ContainerLeft")<{
  readonly container: string
  readonly cause: { readonly message: string }
}> {
  override get message(): string {
    return `${this.container} could not be removed: ${this.cause.message}`
  }
  get hint(): string {
    return `Remove it with 'clincus kill ${this.container}' or 'incus delete --force ${this.container}'.`
  }
}
