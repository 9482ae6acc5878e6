/**
 * A model that nobody has to pay for: the HTTP API of Anthropic, as far as Claude Code and opencode use it. Runs in the
 * container, by itself, on the Node that the image has: `node stub.ts PORT`.
 *
 * It answers with every word of the form `word-…` that the user's turns hold, so that the answer on the screen tells
 * what history it was sent: a model that remembers nothing can only repeat the last one.
 */
import { appendFileSync } from "node:fs"
import { createServer, type IncomingMessage } from "node:http"

const port = Number(process.argv[2])
const log = process.argv[3] ?? "/dev/null"

type Json = { readonly [key: string]: unknown }

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null

const read = async (request: IncomingMessage): Promise<Json> => {
  let body = ""
  for await (const chunk of request) body += String(chunk)
  try {
    const json: unknown = JSON.parse(body)
    return isJson(json) ? json : {}
  } catch {
    return {}
  }
}

/** The texts of a turn: its content is one, or a list of parts of which some are. */
const texts = (content: unknown): ReadonlyArray<string> =>
  typeof content === "string"
    ? [content]
    : Array.isArray(content)
    ? content.flatMap((part) => isJson(part) && typeof part["text"] === "string" ? [part["text"]] : [])
    : []

const words = (body: Json): ReadonlyArray<string> => {
  const messages = Array.isArray(body["messages"]) ? body["messages"].filter(isJson) : []
  const said = messages.filter((message) => message["role"] === "user").flatMap((message) =>
    texts(message["content"])
  )
  return [...new Set(said.join("\n").match(/\bword-[a-z]+/g) ?? [])]
}

const events = (model: unknown, text: string) => [
  {
    type: "message_start",
    message: {
      id: `msg_${Date.now()}`,
      type: "message",
      role: "assistant",
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 }
    }
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
  { type: "content_block_stop", index: 0 },
  {
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 1 }
  },
  { type: "message_stop" }
]

createServer(async (request, response) => {
  const body = await read(request)
  const url = request.url ?? ""
  appendFileSync(log, `${JSON.stringify({ method: request.method, url, headers: request.headers, body })}\n`)
  const json = (value: unknown) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
  }
  if (/\/messages\/count_tokens/.test(url)) return json({ input_tokens: 1 })
  if (request.method !== "POST" || !/\/messages(\?|$)/.test(url)) return json({})
  const text = `I heard ${words(body).join(" and ") || "nothing"}.`
  if (body["stream"] !== true) {
    return json({
      id: `msg_${Date.now()}`,
      type: "message",
      role: "assistant",
      model: body["model"],
      content: [{ type: "text", text }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 }
    })
  }
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (const event of events(body["model"], text)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  response.end()
}).listen(port, "127.0.0.1")
