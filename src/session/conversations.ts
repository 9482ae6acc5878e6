import * as Effect from "effect/Effect"
import type { Databases, Tool, Transcripts } from "../tool/Tool.ts"
import * as State from "./StateDirectory.ts"

/** What the last conversation in a state is: `Unknown` where only the tool can tell, in the container. */
export type Latest =
  | { readonly _tag: "Found"; readonly id: string }
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Unknown" }

/** So many files are looked at (files). */
const mostFiles = 20_000
/** A turn stands in the beginning of a transcript, or the transcript is taken to have one (bytes). */
const beginning = 8 * 1024 * 1024
/** The largest database that is searched for a message (bytes). */
const largestDatabase = 64 * 1024 * 1024

/** A transcript in which something was said. */
interface Said {
  readonly id: string
  readonly isHere: boolean
}

/** Reads one transcript; undefined where nothing was said in it. One that cannot be read is taken to have a turn. */
const readTranscript = (transcripts: Transcripts, root: string, path: string, directory: string) =>
  Effect.map(
    State.readBeginning(root, `${transcripts.below}/${path}`, beginning),
    (start): Said | undefined => {
      const id = transcripts.idOf(path, start?.text ?? "")
      if (id === undefined) return undefined
      if (start === undefined) return { id, isHere: true }
      const isHere = transcripts.isOf === undefined || transcripts.isOf(start.text, directory)
      return !start.whole || start.text.split("\n").some(transcripts.isTurn) ? { id, isHere } : undefined
    }
  )

/** Transcripts in which something was said, the one written last first. */
const saidIn = (transcripts: Transcripts, root: string, directory: string) =>
  Effect.gen(function*() {
    const { complete, files } = yield* State.find(root, transcripts.below, {
      most: mostFiles,
      deep: transcripts.deep
    })
    const newestFirst = files.filter(({ path }) => transcripts.isOne(path)).toSorted((a, b) =>
      b.written - a.written
    )
    const said = yield* Effect.forEach(newestFirst, ({ path }) =>
      readTranscript(transcripts, root, path, directory))
    return {
      said: said.filter((one) =>
        one !== undefined
      ),
      complete
    }
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
export const holdsWords = (tool: Tool, root: string, directory: string): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const { conversations } = tool
    if (conversations.kind === "unknown") return true
    const traced = yield* Effect.exists(
      conversations.traces,
      ({ isSaid, path }) =>
        Effect.map(
          State.readBeginning(root, path, beginning),
          (start) => start !== undefined && (!start.whole || isSaid(start.text))
        )
    )
    if (traced) return true
    if (conversations.kind === "databases") return yield* holdsMessages(conversations, root)
    const { complete, said } = yield* saidIn(conversations, root, directory)
    return said.length > 0 || !complete
  })

/** The conversation that was written last, in the directory that the tool is started in if there is one of that. */
export const latestConversation = (tool: Tool, root: string, directory: string): Effect.Effect<Latest> =>
  Effect.gen(function*() {
    const { conversations } = tool
    switch (conversations.kind) {
      case "unknown":
        return { _tag: "Unknown" }
      case "databases":
        return (yield* holdsMessages(conversations, root)) ? { _tag: "Unknown" } : { _tag: "Nothing" }
      case "transcripts": {
        const { complete, said } = yield* saidIn(conversations, root, directory)
        const last = said.find(({ isHere }) => isHere) ?? said[0]
        return last !== undefined
          ? { _tag: "Found", id: last.id }
          : { _tag: complete ? "Nothing" : "Unknown" }
      }
    }
  })
