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
