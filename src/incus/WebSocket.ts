/**
 * A message as it came: Incus sends output as bytes, and the end of a stream as an empty text.
 *
 * @see WebSocket
 */
export type Message = { readonly _tag: "Bytes"; readonly bytes: Uint8Array } | {
  readonly _tag: "Text"
  readonly text: string
}

/**
 * A WebSocket that loses nothing: what comes before anybody listens is kept for the first who does, also if the server
 * has closed the connection by then.
 *
 * @example
 * import * as Incus from "clincus/incus"
 *
 * // A WebSocket that says one thing and is gone, for a transport of a test.
 * export const saying = (message: Incus.Message): Incus.WebSocket => ({
 *   listen: (onMessage, onEnd) => {
 *     onMessage(message)
 *     onEnd()
 *   },
 *   send: () => {},
 *   close: () => {}
 * })
 */
export interface WebSocket {
  /** Hands over all messages in their order, and calls `onEnd` once, when the other side is gone. For one listener. */
  readonly listen: (onMessage: (message: Message) => void, onEnd: () => void) => void
  /** Sends bytes, or text; what can no longer be sent is dropped. */
  readonly send: (data: Uint8Array | string) => void
  /** Begins to close the connection; `onEnd` is called when it is closed. */
  readonly close: () => void
}
