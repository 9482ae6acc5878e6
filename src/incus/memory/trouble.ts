import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { uuid } from "../../host/memory/random.ts"
import { IncusConnectionLost, IncusUnavailable } from "../errors.ts"
import {
  named,
  type TransportFailure,
  type TransportRequest,
  type TransportResponse
} from "../httpRequest.ts"
import { begun, done, refuse, refused } from "./answers.ts"
import type { Fault, Phase } from "./faults.ts"
import type { Operations } from "./operations.ts"
import { type Asked } from "./request.ts"

/** The name of the twin's socket in errors. */
export const socket = "memory"

/** The faults that are to come, and what each of them does to a request. */
export interface Troubles {
  readonly add: (fault: Fault) => void
  /** Lets nothing go wrong any more. */
  readonly clear: () => void
  /** Those that are for this request; each is counted on by it. */
  readonly of: (request: TransportRequest, phases: ReadonlyArray<Phase>) => ReadonlyArray<Fault>
  /** What a fault makes of a request and its answer; none if it makes nothing of it. */
  readonly apply: (
    fault: Fault,
    asked: Asked,
    answer: TransportResponse | undefined
  ) => Effect.Effect<Option.Option<TransportResponse>, TransportFailure>
}

const Begun = Schema.parseJson(Schema.Struct({ metadata: Schema.Struct({ id: Schema.String }) }))
const readBegun = Schema.decodeUnknownOption(Begun)

const textOf = (body: Uint8Array) => Buffer.from(body).toString("utf8")

export const makeTroubles = (operations: Operations): Troubles => {
  const faults: Array<{ readonly fault: Fault; seen: number }> = []

  const forget = (asked: Asked, answer: TransportResponse | undefined) =>
    Effect.gen(function*() {
      const [kind, id] = asked.segments
      if (kind === "operations" && id !== undefined) operations.forget(id)
      else if (answer === undefined) {
        return Option.some(begun({ id: yield* uuid, status: "Running", status_code: 103, metadata: null }))
      } else Option.map(readBegun(textOf(answer.body)), ({ metadata }) => operations.forget(metadata.id))
      return Option.none<TransportResponse>()
    })

  return {
    add: (fault) => void faults.push({ fault, seen: 0 }),
    clear: () => void faults.splice(0),
    of: (request, phases) =>
      faults.filter((one) => {
        const { at, nth = 1 } = one.fault
        if (!(typeof at === "function" ? at(request) : phases.includes(at))) return false
        one.seen += 1
        return nth === "every" || nth === one.seen
      }).map(({ fault }) => fault),
    apply: ({ trouble }, asked, answer) => {
      const names = named(asked.request)
      if (typeof trouble === "object") {
        return "meanwhile" in trouble
          ? Effect.as(trouble.meanwhile, Option.none())
          : Effect.succeedSome(refused(refuse(trouble.status, trouble.error)))
      }
      switch (trouble) {
        case "cut":
          return Effect.fail(new IncusConnectionLost({ ...names, cause: new Error("socket hang up") }))
        case "hang":
        case "killed":
          return Effect.never
        case "unavailable":
          return Effect.fail(new IncusUnavailable({ socket, cause: new Error("connect ECONNREFUSED") }))
        case "garbage":
          return Effect.succeedSome({
            status: 200,
            headers: {},
            body: Buffer.from("<html>502 Bad Gateway</html>")
          })
        case "truncated": {
          const whole = answer ?? done({})
          return Effect.succeedSome({ ...whole, body: whole.body.slice(0, 20) })
        }
        case "forget":
          return forget(asked, answer)
      }
    }
  }
}
