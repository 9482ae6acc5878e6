import { type Inbox, makeInbox } from "../inbox.ts"
import type { Message, WebSocket } from "../WebSocket.ts"

/** A WebSocket between the client and the twin. */
export interface Line {
  /** The client's end. */
  readonly client: WebSocket
  /** Hears what the client sends, and its end. */
  readonly listen: Inbox["listen"]
  /** Sends to the client; what can no longer be sent is dropped. */
  readonly send: (message: Message) => void
  /** Hangs up. */
  readonly end: () => void
}

export const makeLine = (): Line => {
  const toClient = makeInbox()
  const toDaemon = makeInbox()
  let open = true
  const end = () => {
    open = false
    toClient.end()
    toDaemon.end()
  }
  return {
    client: {
      listen: toClient.listen,
      send: (data) => {
        if (!open) return
        toDaemon.message(
          typeof data === "string" ? { _tag: "Text", text: data } : { _tag: "Bytes", bytes: data }
        )
      },
      close: end
    },
    listen: toDaemon.listen,
    send: (message) => {
      if (open) toClient.message(message)
    },
    end
  }
}
