import * as Data from "effect/Data"
import { quote } from "../../host/shell.ts"

/**
 * A link stands in the place of a protected path, or on the way to it: what it leads to would not be protected.
 *
 * @see SessionFailure
 */
export class ProtectedLink extends Data.TaggedError("ProtectedLink")<{
  readonly workspace: string
  /** The path that is protected, below the workspace. */
  readonly path: string
  /** The link, below the workspace: that path or one above it. */
  readonly link: string
  readonly why: string
}> {
  override get message(): string {
    const where = this.link === this.path ? "" : `, and ${this.path} in it is protected`
    return `${this.workspace}/${this.link} is a symbolic link${where}: ${this.why}, and what a link leads to cannot be kept from being changed`
  }
  get hint(): string {
    return `Put what it leads to in its place. To leave it writable: [security] writable = [${
      JSON.stringify(this.path)
    }] in your configuration; see what it leads to with: ls -l ${quote(`${this.workspace}/${this.link}`)}`
  }
}

/**
 * A protected path was removed, by the user or by the end of another session, while the container was being made that was to
 * hold it.
 *
 * @see SessionFailure
 */
export class ProtectedGone extends Data.TaggedError("ProtectedGone")<{
  readonly workspace: string
  /** On the host. */
  readonly path: string
}> {
  override get message(): string {
    return `${this.path} was removed while the session on ${this.workspace} was being started, which was to protect it`
  }
  get hint(): string {
    return "Start it again."
  }
}
