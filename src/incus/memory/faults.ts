import type * as Effect from "effect/Effect"
import { isObject } from "../../domain/json.ts"
import type { TransportRequest } from "../httpRequest.ts"
import type { Verb } from "./operations.ts"
import type { Asked } from "./request.ts"

/**
 * The name of what the client is at when it sends a request. `wait` is the wait for any operation, `create.wait` and so on
 * for one of that kind; `socket` is the opening of a stream of a command.
 *
 * @see Fault
 */
export type Phase =
  | "server"
  | "project"
  | "profile"
  | "network"
  | "acl"
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

/**
 * What goes wrong.
 *
 * @see Fault
 */
export type Trouble =
  /** The connection is cut. */
  | "cut"
  /** The daemon says nothing until the client's patience is at its end. */
  | "hang"
  /** The program that asks is killed at this moment: it does nothing more, and does not clean up. */
  | "killed"
  /** Nobody listens on the daemon's socket. */
  | "unavailable"
  /** An answer that is not a document of Incus's. */
  | "garbage"
  /** Half of an answer, framed as a whole one. */
  | "truncated"
  /** The operation that the request starts is not known to the daemon any more, as after a restart. */
  | "forget"
  /** Incus answers with this error. */
  | { readonly status: number; readonly error: string }
  /** Nothing goes wrong, but this is done in between: somebody else is quicker, or the client is interrupted. */
  | { readonly meanwhile: Effect.Effect<void> }

/**
 * A fault at a named phase.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * // Every second look at an instance is answered by nonsense.
 * const nonsense: Testing.Fault = { at: "look", when: "after", trouble: "garbage", nth: 2 }
 *
 * export const looks = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put({ name: "web" })
 *   yield* incus.fault(nonsense)
 *   yield* instances.get("web")
 *   return (yield* Effect.flip(instances.get("web")))._tag
 * }).pipe(Effect.provide(Testing.memoryIncus()))
 * // => "IncusUnexpected"
 */
export interface Fault {
  readonly at: Phase | ((request: TransportRequest) => boolean)
  /** Whether it comes instead of what was asked for, or after that was done: then only the answer is lost. */
  readonly when: "before" | "after"
  readonly trouble: Trouble
  /** Which of the requests at this phase, counted from 1; the first unless given. */
  readonly nth?: number | "every"
}

/**
 * The daemon does not do what it is asked for.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const refused = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.fault(Testing.before("list", { status: 403, error: "not authorized" }))
 *   return (yield* Effect.flip(instances.list))._tag
 * }).pipe(Effect.provide(Testing.memoryIncus()))
 * // => "IncusRequestError"
 */
export const before = (at: Fault["at"], trouble: Trouble, nth?: Fault["nth"]): Fault => ({
  at,
  when: "before",
  trouble,
  ...(nth === undefined ? {} : { nth })
})

/**
 * The daemon does what it is asked for, and the answer is not as it should be.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const forgotten = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.put({ name: "web" })
 *   // The instance is stopped, and the daemon has forgotten the operation: a look at it tells.
 *   yield* incus.fault(Testing.after("stop", "forget"))
 *   yield* instances.stop("web", { force: true })
 *   return (yield* instances.get("web")).status
 * }).pipe(Effect.provide(Testing.memoryIncus()), Effect.provide(Testing.hurriedClock))
 * // => "Stopped"
 */
export const after = (at: Fault["at"], trouble: Trouble, nth?: Fault["nth"]): Fault => ({
  ...before(at, trouble, nth),
  when: "after"
})

/**
 * The connection is cut before the daemon has read the request.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * export const cut = Effect.gen(function*() {
 *   const { instances } = yield* Incus.IncusService
 *   const incus = yield* Testing.MemoryIncus
 *   yield* incus.fault(Testing.cutBefore("edit", "every"))
 *   yield* incus.put({ name: "web" })
 *   const change = instances.edit("web", ({ config, devices }) => Option.some({ config, devices, ephemeral: true }))
 *   return (yield* Effect.flip(change))._tag
 * }).pipe(Effect.provide(Testing.memoryIncus()), Effect.provide(Testing.hurriedClock))
 * // => "IncusConnectionLost"
 */
export const cutBefore = (at: Fault["at"], nth?: Fault["nth"]): Fault => before(at, "cut", nth)

/**
 * The connection is cut when the daemon has done what was asked for.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const started = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const incus = yield* Testing.MemoryIncus
 *   // The answer is lost, not the container.
 *   yield* incus.fault(Testing.cutAfter("create"))
 *   yield* sessions.start({ workspace: "/home/me/project" })
 *   return (yield* incus.all).map(({ status }) => status)
 * }).pipe(
 *   Effect.scoped,
 *   Effect.provide(Testing.memorySessions({ files: { "/home/me/project/a": "" } })),
 *   Effect.provide(Testing.hurriedClock)
 * )
 * // => ["Running"]
 */
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
    case "networks":
      return ["network"]
    case "network-acls":
      return ["acl"]
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
