/** The container of a session, and the user in it whom the tool runs as. */
export interface Guest {
  readonly container: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  /** Where commands run: the workspace in the container. */
  readonly directory: string
}
