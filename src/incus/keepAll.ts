import type { WebSocket as Socket } from "ws"
import { makeInbox } from "./inbox.ts"
import type { WebSocket } from "./WebSocket.ts"

const toBytes = (data: unknown): Uint8Array =>
  Buffer.isBuffer(data)
    ? data
    : Array.isArray(data)
    ? Buffer.concat(data)
    : data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array()

/** Wraps a socket that has just opened. */
export const keepAll = (socket: Socket): WebSocket => {
  const inbox = makeInbox()
  socket.on(
    "message",
    (data, isBinary) =>
      inbox.message(isBinary ? { _tag: "Bytes", bytes: toBytes(data) } : { _tag: "Text", text: String(data) })
  )
  // Streams close with 1006 here, which is normal. An error is followed by the close, with what came until then before it.
  socket.on("error", () => {})
  socket.on("close", inbox.end)
  return {
    listen: inbox.listen,
    send: (data) => {
      if (socket.readyState === socket.OPEN) socket.send(data)
    },
    close: () => socket.close()
  }
}
