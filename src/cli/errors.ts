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
