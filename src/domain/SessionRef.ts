/** A session by what it is saved under and resumed by. */
export interface SessionRef {
  /** The tool's name. */
  readonly tool: string
  /** A UUID, the same each time that the session is resumed. */
  readonly id: string
}
