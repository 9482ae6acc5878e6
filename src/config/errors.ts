import * as Data from "effect/Data"

/**
 * A configuration file that cannot be used. `line` and `column` count from 1; 0 if the place is not known.
 *
 * @see ConfigService
 */
export class ConfigError extends Data.TaggedError("ConfigError")<{
  readonly file: string
  readonly line: number
  readonly column: number
  readonly reason: string
  readonly suggestion: string | undefined
}> {
  override get message(): string {
    const place = this.line > 0 ? `${this.file}:${this.line}:${this.column}` : this.file
    return `${place}: ${this.reason}`
  }
  get hint(): string | undefined {
    return this.suggestion
  }
}

/**
 * `--profile` names a profile that no configuration file has.
 *
 * @see ConfigService
 */
export class UnknownProfile extends Data.TaggedError("UnknownProfile")<{
  readonly profile: string
  readonly known: ReadonlyArray<string>
}> {
  readonly usage = true
  override get message(): string {
    return `no profile is named '${this.profile}'`
  }
  get hint(): string {
    return this.known.length === 0
      ? "No profile is configured. Add a [profiles.<name>.defaults] table to ~/.config/clincus/config.toml."
      : `Configured profiles: ${this.known.join(", ")}.`
  }
}

/**
 * What the user grants to a workspace's file, or takes back, could not be remembered.
 *
 * @see grantRequests
 */
export class TrustNotSaved extends Data.TaggedError("TrustNotSaved")<{
  readonly directory: string
  readonly reason: string
}> {
  override get message(): string {
    return `cannot remember in ${this.directory} what is granted: ${this.reason}`
  }
  get hint(): string {
    return "Check its owner and permissions and the free space, or set [paths] sessions_dir in the configuration."
  }
}
