import type { WebSocket as Socket } from "ws"
import type { Message, WebSocket } from "./WebSocket.ts"

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
  const early: Array<Message> = []
  let onMessage = (message: Message): void => void early.push(message)
  let onEnd = (): void => {}
  let ended = false
  const end = () => {
    if (ended) return
    ended = true
    onEnd()
  }
  socket.on(
    "message",
    (data, isBinary) =>
      onMessage(isBinary ? { _tag: "Bytes", bytes: toBytes(data) } : { _tag: "Text", text: String(data) })
  )
  // Streams close with 1006 here, which is normal. An error is followed by the close, with what came until then before it.
  socket.on("error", () => {})
  socket.on("close", end)
  return {
    listen: (hear, over) => {
      early.splice(0).forEach(hear)
      onMessage = hear
      onEnd = over
      if (ended) over()
    },
    send: (data) => {
      if (socket.readyState === socket.OPEN) socket.send(data)
    },
    close: () => socket.close()
  }
}
