import * as Schema from "effect/Schema"

/**
 * What a session can do with something: `read` it; `write`, and so read, it; `reach` it, over the network or in the kernel;
 * `spend` it. `unknown` is what an instance has and nothing of clincus has put there.
 *
 * @see Explanation
 */
export const FactKind = Schema.Literal("read", "write", "reach", "spend", "unknown")
export type FactKind = typeof FactKind.Type

/**
 * One thing that a session can do, and why.
 *
 * @see Explanation
 */
export const Fact = Schema.Struct({
  kind: FactKind,
  /** What it is, as the session knows it: a path inside, a kind of target, a resource. */
  what: Schema.String,
  /** What stands behind it, outside: a path on the host, a network, an amount. */
  detail: Schema.String,
  /** Who says so: `default`, a file and line, an option of the command line, an Incus profile. */
  source: Schema.String,
  /** What the detail is a summary of, one by one; empty if it says all. */
  items: Schema.Array(Schema.String),
  /** The devices of the instance that this is. */
  devices: Schema.Array(Schema.String),
  /** The options of the instance that this is. */
  keys: Schema.Array(Schema.String)
})
export type Fact = typeof Fact.Type

/** An instance as it is or is to be, with what its profiles say. */
export interface Shape {
  readonly devices: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly config: Readonly<Record<string, string>>
}

/** What is known of a session beside the shape of its instance. */
export interface About {
  /** Paths inside, and the tool's name. */
  readonly home: string
  readonly tool: string
  /** Alias of the image that it is made of; undefined if that is not known. */
  readonly image: string | undefined
  /** Names of the variables that the tool is given. */
  readonly variables: ReadonlyArray<string>
  /** Those of them that are credentials, and the files of the host that are. */
  readonly credentials: ReadonlyArray<string>
  /** The user's settings that are copied into the session. */
  readonly copied: ReadonlyArray<string>
  /** What it may reach, as it was decided; undefined if an older clincus has started it. */
  readonly network: { readonly mode: string; readonly allow: ReadonlyArray<string> } | undefined
  /** What Incus opens to this run at this moment. */
  readonly openings: ReadonlyArray<string>
  /** Whether it may set the user's clipboard. */
  readonly clipboard: boolean
  /** When the session's time is over, in words; undefined if never. */
  readonly end: string | undefined
  /** Where a value of the configuration comes from. */
  readonly setting: (key: string) => string
  /** Where an option of the instance comes from, if a profile has it; `undefined` if the session has it itself. */
  readonly profileOfKey: (key: string) => string | undefined
  readonly profileOfDevice: (name: string) => string | undefined
}

/** What one module of policy makes of an instance. */
export type Explain = (shape: Shape, about: About) => ReadonlyArray<Fact>

/** A fact with what is usually empty left out. */
export const fact = (
  { devices = [], items = [], keys = [], ...one }:
    & Pick<Fact, "kind" | "what" | "detail" | "source">
    & Partial<Fact>
): Fact => ({ ...one, items, devices, keys })
