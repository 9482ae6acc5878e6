import * as Effect from "effect/Effect"

/** All of standard input as text. */
export const readAll: Effect.Effect<string> = Effect.async<string>((resume) => {
  const chunks: Array<Buffer> = []
  process.stdin.on("data", (chunk: Buffer) => chunks.push(chunk))
  const done = () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8")))
  process.stdin.once("end", done)
  process.stdin.once("error", done)
})
