import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { basename, dirname } from "node:path"
import type { Metadata } from "../domain/Metadata.ts"
import * as State from "../host/stateFiles.ts"
import { nextTurn } from "../host/untrusted/access.ts"
import type { Databases, Tool, Transcripts } from "../tool/Tool.ts"
import { builtIn } from "../tool/ToolRegistry.ts"

/** What the last conversation in a state is: `Unknown` if only the tool can tell, in the container. */
type Latest =
  | { readonly _tag: "Found"; readonly id: string }
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Unknown" }

/** So many files are looked at (files). */
const mostFiles = 20_000
/** A turn stands in the beginning of a transcript, or the transcript is taken to have one (bytes, lines). */
const beginning = 8 * 1024 * 1024
const mostLines = 20_000
/** So much of all transcripts of a state is read (bytes). */
const mostBytes = 64 * 1024 * 1024
/** The largest database that is searched for a message (bytes). */
const largestDatabase = 64 * 1024 * 1024

/** True if one of the first lines is what is looked for; a text with more of them is taken to have one. */
const hasLine = (text: string, test: (line: string) => boolean): boolean => {
  let seen = 0
  for (let from = 0; from < text.length;) {
    const end = text.indexOf("\n", from)
    const line = text.slice(from, end < 0 ? undefined : end)
    if (++seen > mostLines || (line.trim() !== "" && test(line))) return true
    from = end < 0 ? text.length : end + 1
  }
  return false
}

/** A transcript that may be one. */
interface Candidate extends State.Found {
  /** Bytes of it and of those before it. */
  readonly sum: number
}

/** The transcripts of a state, the last written first. */
const candidatesOf = (transcripts: Transcripts, root: string) =>
  Effect.map(
    State.find(root, transcripts.below, { most: mostFiles, deep: transcripts.deep }),
    ({ complete, files }) => {
      let sum = 0
      const candidates = files.filter(({ path }) => transcripts.isOne(path))
        .toSorted((a, b) => b.written - a.written)
        .map((file): Candidate => ({ ...file, sum: sum += Math.min(file.size, beginning) }))
      return { candidates, complete }
    }
  )

/** The conversation in a transcript if something was said in it; a transcript that cannot be read whole is taken to have words. */
const readTranscript = (
  transcripts: Transcripts,
  root: string,
  { path, sum }: Candidate,
  test: (line: string) => boolean
) =>
  Effect.gen(function*() {
    yield* nextTurn
    // Beyond the bound no more is read than tells the id.
    const start = yield* State.readBeginning(
      root,
      `${transcripts.below}/${path}`,
      sum > mostBytes ? 4096 : beginning
    )
    const text = start?.text ?? ""
    const id = transcripts.idOf(path, text)
    if (id === undefined || (start?.whole === true && !hasLine(text, test))) return Option.none()
    return Option.some({ id, text, isWhole: start?.whole === true })
  })

/** True if a database holds a message, or cannot be searched for one: what was deleted may still show. */
const holdsMessages = ({ files, sign }: Databases, root: string) =>
  Effect.exists(files, (path) =>
    Effect.gen(function*() {
      if (!(yield* State.exists(root, path))) return false
      const start = yield* State.readBeginning(root, path, largestDatabase)
      return start === undefined || !start.whole || start.text.includes(sign)
    }))

/** True if a state holds anything that the user said to the tool, or could hold it: in doubt it does. */
export const holdsWords = (tool: Tool, root: string): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const { conversations } = tool
    if (conversations.kind === "unknown") return true
    const traced = yield* Effect.exists(conversations.traces, ({ isSaid, path }) =>
      Effect.map(
        State.readBeginning(root, path, beginning),
        (start) => start !== undefined && (!start.whole || isSaid(start.text))
      ))
    if (traced) return true
    if (conversations.kind === "databases") return yield* holdsMessages(conversations, root)
    const { candidates, complete } = yield* candidatesOf(conversations, root)
    const test = conversations.isWord ?? conversations.isTurn
    const said = yield* Effect.exists(candidates, (one) =>
      Effect.map(readTranscript(conversations, root, one, test), Option.isSome))
    return said || !complete
  })

/** The conversation that was written last, in the directory that the tool is started in if there is one of that. */
export const latestConversation = (tool: Tool, root: string, directory: string): Effect.Effect<Latest> =>
  Effect.gen(function*() {
    const { conversations } = tool
    if (conversations.kind === "unknown") return { _tag: "Unknown" }
    if (conversations.kind === "databases") {
      return (yield* holdsMessages(conversations, root)) ? { _tag: "Unknown" } : { _tag: "Nothing" }
    }
    const { isOf, isTurn } = conversations
    const { candidates, complete } = yield* candidatesOf(conversations, root)
    let elsewhere: string | undefined
    for (const candidate of candidates) {
      const found = yield* readTranscript(conversations, root, candidate, isTurn)
      if (Option.isNone(found)) continue
      const { id, isWhole, text } = found.value
      if (isOf === undefined || isOf(text, directory) || !isWhole) return { _tag: "Found", id }
      elsewhere ??= id
    }
    return elsewhere !== undefined
      ? { _tag: "Found", id: elsewhere }
      : { _tag: complete ? "Nothing" : "Unknown" }
  })

/** Whether a saved session holds anything that the user said, as far as the host can tell: in doubt it does. */
export const holdsConversation = (metadata: Metadata, directory: string): Effect.Effect<boolean> => {
  const tool = builtIn.find(({ name }) => name === metadata.tool)
  return tool === undefined ? Effect.succeed(true) : holdsWords(tool, directory)
}

/** A tool of the user's own may keep its state this deep (directories). */
const deepState = 16

/**
 * When the conversations in a state were last written (ms since the epoch), as far as can be seen within the bounds; any
 * file of the state if it is not known where the tool keeps them. The time is what the container says, and may be a lie.
 */
export const lastWritten = (tool: Tool | undefined, root: string): Effect.Effect<Option.Option<number>> =>
  Effect.gen(function*() {
    const conversations = tool?.conversations ?? { kind: "unknown" as const, traces: [] }
    const paths = conversations.traces.map(({ path }) => path)
    const files = conversations.kind === "transcripts"
      ? (yield* candidatesOf(conversations, root)).candidates
      : conversations.kind === "unknown"
      ? (yield* State.find(dirname(root), basename(root), { most: mostFiles, deep: deepState })).files
        .filter(({ path }) => path !== "metadata.json")
      : []
    const named = yield* Effect.forEach(
      conversations.kind === "databases" ? [...paths, ...conversations.files] : paths,
      (path) => State.writtenAt(root, path)
    )
    const times = [...files.map(({ written }) => written), ...named.filter((time) => time !== undefined)]
    return times.length === 0 ? Option.none() : Option.some(Math.max(...times))
  })
