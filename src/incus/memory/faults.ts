import type * as Effect from "effect/Effect"
import { isObject } from "../../domain/json.ts"
import type { TransportRequest } from "../httpRequest.ts"
import type { Verb } from "./operations.ts"
import type { Asked } from "./request.ts"

/**
 * The name of what the client is at when it sends a request. `wait` is the wait for any operation, `create.wait` and so on
 * for one of that kind; `socket` is the opening of a stream of a command.
 */
export type Phase =
  | "server"
  | "project"
  | "profile"
  | "images"
  | "list"
  | "look"
  | "state"
  | "create"
  | "start"
  | "stop"
  | "freeze"
  | "unfreeze"
  | "delete"
  | "edit"
  | "rename"
  | "files"
  | "exec"
  | "socket"
  | "events"
  | "operations"
  | "operation"
  | "wait"
  | `${Verb}.wait`

/** What goes wrong. */
export type Trouble =
  /** The connection is cut. */
  | "cut"
  /** The daemon says nothing until the client's patience is at its end. */
  | "hang"
  /** The program that asks is killed at this moment: it does nothing more, and does not clean up. */
  | "killed"
  /** Nobody listens on the daemon's socket. */
  | "unavailable"
  /** An answer that is no document of Incus's. */
  | "garbage"
  /** Half of an answer, framed as a whole one. */
  | "truncated"
  /** The operation that the request starts is not known to the daemon any more, as after a restart. */
  | "forget"
  /** Incus answers with this error. */
  | { readonly status: number; readonly error: string }
  /** Nothing goes wrong, but this is done in between: somebody else is quicker, or the client is interrupted. */
  | { readonly meanwhile: Effect.Effect<void> }

/** A fault at a named phase. */
export interface Fault {
  readonly at: Phase | ((request: TransportRequest) => boolean)
  /** Whether it comes instead of what was asked for, or after that was done: then only the answer is lost. */
  readonly when: "before" | "after"
  readonly trouble: Trouble
  /** Which of the requests at this phase, counted from 1; the first unless given. */
  readonly nth?: number | "every"
}

/** The daemon does not do what it is asked for. */
export const before = (at: Fault["at"], trouble: Trouble, nth?: Fault["nth"]): Fault => ({
  at,
  when: "before",
  trouble,
  ...(nth === undefined ? {} : { nth })
})

/** The daemon does what it is asked for, and the answer is not as it should be. */
export const after = (at: Fault["at"], trouble: Trouble, nth?: Fault["nth"]): Fault => ({
  ...before(at, trouble, nth),
  when: "after"
})

/** The connection is cut before the daemon has read the request. */
export const cutBefore = (at: Fault["at"], nth?: Fault["nth"]): Fault => before(at, "cut", nth)

/** The connection is cut when the daemon has done what was asked for. */
export const cutAfter = (at: Fault["at"], nth?: Fault["nth"]): Fault => after(at, "cut", nth)

const phases: Readonly<Partial<Record<Asked["method"], Phase>>> = {
  GET: "look",
  HEAD: "look",
  PUT: "edit",
  POST: "rename",
  DELETE: "delete"
}

const ofInstances = (asked: Asked): Phase | undefined => {
  const { method, request, segments: [, name, part] } = asked
  if (name === undefined) return method === "GET" ? "list" : "create"
  if (part === "state") {
    if (method === "GET") return "state"
    const action = isObject(request.json) ? request.json["action"] : undefined
    return action === "start" || action === "stop" || action === "freeze" || action === "unfreeze"
      ? action
      : undefined
  }
  if (part === "exec" || part === "files") return part
  return phases[method]
}

/** The phases that a request belongs to. */
export const phasesOf = (
  asked: Asked,
  verbOf: (operation: string) => Verb | undefined
): ReadonlyArray<Phase> => {
  const [kind, id = "", part] = asked.segments
  switch (kind) {
    case undefined:
      return ["server"]
    case "projects":
      return ["project"]
    case "profiles":
      return ["profile"]
    case "images":
    case "events":
      return [kind]
    case "operations": {
      if (part === "websocket") return ["socket"]
      if (part !== "wait") return [id === "" ? "operations" : "operation"]
      const verb = verbOf(id)
      return verb === undefined ? ["wait"] : ["wait", `${verb}.wait`]
    }
    case "instances": {
      const phase = ofInstances(asked)
      return phase === undefined ? [] : [phase]
    }
    default:
      return []
  }
}
