import * as Data from "effect/Data"

/** The command line is not understood. Printed with a pointer to the command's help; exit status 2. */
export class UsageError extends Data.TaggedError("UsageError")<{
  /** The command that the rest of the line belongs to: the words from the program's name on. */
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
