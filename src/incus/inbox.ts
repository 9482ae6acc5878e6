import type { Message, WebSocket } from "./WebSocket.ts"

/** One end of a connection: keeps what has come until somebody listens, and the end for after it. */
export interface Inbox {
  readonly listen: WebSocket["listen"]
  readonly message: (message: Message) => void
  readonly end: () => void
}

export const makeInbox = (): Inbox => {
  const early: Array<Message> = []
  let onMessage = (message: Message): void => void early.push(message)
  let onEnd = (): void => {}
  let ended = false
  return {
    listen: (hear, over) => {
      early.splice(0).forEach(hear)
      onMessage = hear
      onEnd = over
      if (ended) over()
    },
    message: (message) => onMessage(message),
    end: () => {
      if (ended) return
      ended = true
      onEnd()
    }
  }
}
