/** What the framework says of the program that it runs, and what that is set by. */
export interface About {
  /** As it is typed. */
  readonly name: string
  readonly version: string
  /** What is said above the details of a defect. */
  readonly bug: string
  /** What is said at the second signal, while finalizers run: a third one ends the program at once. */
  readonly cleaningUp: string
  /** The environment variable that sets from which level on logs are shown. */
  readonly logVariable: string
  /** The environment variable that has the tree of spans printed at the end. */
  readonly traceVariable: string
}
