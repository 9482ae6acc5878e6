import * as Data from "effect/Data"

/**
 * A command that set-up ran ended with a status other than 0. `output` holds its last lines.
 *
 * @see SetupFailure
 */
export class CommandFailed extends Data.TaggedError("CommandFailed")<{
  readonly command: string
  readonly status: number
  readonly output: string
}> {
  override get message(): string {
    const said = this.output.trim()
    return `'${this.command}' failed with status ${this.status}${said === "" ? "" : `:\n${said}`}`
  }
}

/**
 * A step needs root, the user is not root, and there is no sudo to ask.
 *
 * @see SetupFailure
 */
export class PrivilegeMissing extends Data.TaggedError("PrivilegeMissing")<{ readonly command: string }> {
  override get message(): string {
    return `'${this.command}' must run as root, and sudo is not installed`
  }
  get hint(): string {
    return "Run 'clincus setup' as root, or 'clincus setup --dry-run' and have an administrator run the commands."
  }
}

/**
 * A step that clincus does not do by itself on this machine: `instructions` are commands or configuration for the user.
 *
 * @see SetupFailure
 */
export class StepIsManual extends Data.TaggedError("StepIsManual")<{
  readonly step: string
  readonly reason: string
  readonly instructions: ReadonlyArray<string>
}> {
  override get message(): string {
    return `${this.step}: ${this.reason}`
  }
  get hint(): string {
    return `Do this, then run 'clincus setup' again:\n${
      this.instructions.map((line) => `  ${line}`).join("\n")
    }`
  }
}

/**
 * The user is in the group that may use Incus, but was not yet when this login began.
 *
 * @see SetupFailure
 */
export class LoginNeeded extends Data.TaggedError("LoginNeeded")<{
  readonly user: string
  readonly group: string
}> {
  override get message(): string {
    return `${this.user} is in the group ${this.group} now, but this login began before that`
  }
  get hint(): string {
    return `Log in again, or run 'newgrp ${this.group}' in this terminal, then 'clincus setup' again.`
  }
}

/**
 * What a step did went well by its own account, and the check after it still finds the step undone.
 *
 * @see SetupFailure
 */
export class StepHadNoEffect extends Data.TaggedError("StepHadNoEffect")<{
  readonly step: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.step}: the commands ran, but ${this.reason}`
  }
}
