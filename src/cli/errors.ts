import * as Data from "effect/Data"

/** The command line is not one that clincus understands. Printed with a pointer to the command's help; exit status 2. */
export class UsageError extends Data.TaggedError("UsageError")<{
  /** The command that the rest of the line belongs to: `clincus tmux send`. */
  readonly command: string
  readonly reason: string
  /** What was probably meant. */
  readonly suggestion?: string | undefined
  readonly advice?: string | undefined
}> {
  readonly usage = true
  override get message(): string {
    return this.suggestion === undefined ? this.reason : `${this.reason}. Did you mean '${this.suggestion}'?`
  }
  get hint(): string | undefined {
    return this.advice
  }
}

/**
 * Ends the program with this exit status and prints nothing: for a command that runs another program and passes its
 * status on.
 */
export class ExitStatus extends Data.TaggedError("ExitStatus")<{ readonly code: number }> {
  override get message(): string {
    return `exit status ${this.code}`
  }
}

/** The container of a session runs, but its tool does not: the system in it was restarted, or tmux was killed. */
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

/** A session whose start is not done yet cannot be attached to. */
export class StillStarting extends Data.TaggedError("StillStarting")<{ readonly container: string }> {
  override get message(): string {
    return `the tool in ${this.container} has not started yet`
  }
  get hint(): string {
    return `Another clincus is starting it. Try again in a moment: clincus attach ${this.container}`
  }
}

/** No session, live or saved, is known by this name. */
export class NoSuchSession extends Data.TaggedError("NoSuchSession")<{ readonly name: string }> {
  override get message(): string {
    return `no session or container is named '${this.name}'`
  }
  get hint(): string {
    return "A container's name will do, or the id of a session or its beginning: 'clincus list --all' shows them."
  }
}

/** The beginning of an id fits several saved sessions. */
export class AmbiguousSession extends Data.TaggedError("AmbiguousSession")<{
  readonly name: string
  readonly ids: ReadonlyArray<string>
}> {
  override get message(): string {
    return `'${this.name}' is the beginning of ${this.ids.length} ids of saved sessions`
  }
  get hint(): string {
    return [...this.ids.slice(0, 10).map((id) => `  ${id}`), "'clincus list --all' shows what they are."]
      .join("\n")
  }
}

/** Some of the containers that were named cannot be ended; none is, then. */
export class NothingEnded extends Data.TaggedError("NothingEnded")<{
  readonly failures: ReadonlyArray<{ readonly message: string; readonly hint: string }>
}> {
  override get message(): string {
    return this.failures.map(({ message }) => message).join("; ")
  }
  get hint(): string {
    return ["Nothing was ended.", ...new Set(this.failures.map(({ hint }) => hint))].join(" ")
  }
}

/** A question could not be asked, since there is no terminal to ask on. */
export class NoTerminal extends Data.TaggedError("NoTerminal")<{
  /** What was to be asked. */
  readonly question: string
  /** What answers it on the command line: `--yes`. */
  readonly instead: string
}> {
  readonly usage = true
  override get message(): string {
    return `cannot ask without a terminal: ${this.question}`
  }
  get hint(): string {
    return `Answer on the command line: ${this.instead}`
  }
}

/** The user ended a choice without making one. */
export class NothingChosen extends Data.TaggedError("NothingChosen")<{ readonly question: string }> {
  override get message(): string {
    return "nothing was chosen"
  }
}
