import * as Data from "effect/Data"

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
