import * as Effect from "effect/Effect"
import type { Conversations, Tool } from "../tool/Tool.ts"
import * as State from "./StateDirectory.ts"

/** A conversation as the tool has written it. */
export interface Conversation {
  /** The tool's own id. */
  readonly id: string
  /** When it was last written, ms since the epoch. */
  readonly written: number
}

/** What the last conversation in a state is: `Unknown` where only the tool can tell. */
export type Latest = { readonly _tag: "Found"; readonly id: string } | { readonly _tag: "Nothing" } | {
  readonly _tag: "Unknown"
}

/** So many files are looked at; where there are more, there is a conversation among them (files). */
const mostFiles = 20_000
/** A turn stands in the beginning of a transcript, or the transcript is taken to have one (bytes). */
const beginning = 8 * 1024 * 1024
/** The largest database that is searched for a message (bytes). */
const largestDatabase = 64 * 1024 * 1024

/** True if a file holds a turn of the user's. One that cannot be read, or is too long to be read, is taken to. */
const hasTurn = (
  root: string,
  path: string,
  { isTurn }: Extract<Conversations, { readonly kind: "transcripts" }>
) =>
  Effect.map(
    State.readBeginning(root, path, beginning),
    (text) => text === undefined || Buffer.byteLength(text) >= beginning || text.split("\n").some(isTurn)
  )

const transcripts = (
  conversations: Extract<Conversations, { readonly kind: "transcripts" }>,
  root: string,
  directory: string
) =>
  Effect.gen(function*() {
    const { complete, files } = yield* State.find(root, conversations.below, {
      most: mostFiles,
      deep: conversations.deep
    })
    const candidates = files.flatMap((file) => {
      const id = conversations.idOf(file.path)
      return id === undefined
        ? []
        : [{ id, written: file.written, path: `${conversations.below}/${file.path}` }]
    })
    const found = yield* Effect.filter(
      candidates.toSorted((a, b) => b.written - a.written),
      ({ path }) => hasTurn(root, path, conversations)
    )
    // The tool goes on only with what it was told in the directory that it is started in.
    const here = conversations.isOf === undefined
      ? found
      : yield* Effect.filter(found, ({ path }) =>
        Effect.map(State.readBeginning(root, path, beginning), (text) =>
          text !== undefined && conversations.isOf?.(text, directory) === true))
    return { found, here, complete }
  })

/** True if a database holds a message, or cannot be searched for one: what was deleted may still show. */
const holdsSign = (root: string, path: string, sign: string) =>
  Effect.gen(function*() {
    if (!(yield* State.exists(root, path))) return false
    const text = yield* State.readBeginning(root, path, largestDatabase)
    return text === undefined || Buffer.byteLength(text) >= largestDatabase || text.includes(sign)
  })

/** True if a state holds anything that the user said to the tool, or could: in doubt it does. */
export const holdsWords = (tool: Tool, root: string, directory: string): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const { conversations } = tool
    if (conversations.kind === "unknown") return true
    for (const trace of conversations.traces) {
      const text = yield* State.readBeginning(root, trace, 1)
      if (text !== undefined && text !== "") return true
    }
    if (conversations.kind === "database") {
      return yield* Effect.exists(conversations.files, (path) => holdsSign(root, path, conversations.sign))
    }
    const { complete, found } = yield* transcripts(conversations, root, directory)
    return found.length > 0 || !complete
  })

/** The conversation that was written last, in the directory that the tool is started in. */
export const latestConversation = (tool: Tool, root: string, directory: string): Effect.Effect<Latest> =>
  Effect.gen(function*() {
    const { conversations } = tool
    if (conversations.kind !== "transcripts") return { _tag: "Unknown" }
    const { complete, found, here } = yield* transcripts(conversations, root, directory)
    const last = here[0] ?? found[0]
    return last !== undefined
      ? { _tag: "Found", id: last.id }
      : complete
      ? { _tag: "Nothing" }
      : { _tag: "Unknown" }
  })
