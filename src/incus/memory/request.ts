import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { TransportRequest, TransportResponse } from "../httpRequest.ts"
import { type Refusal, refuse } from "./answers.ts"

/** A request as the routes see it. */
export interface Asked {
  readonly method: TransportRequest["method"]
  /** The parts of the path after `/1.0`, decoded. */
  readonly segments: ReadonlyArray<string>
  readonly query: URLSearchParams
  readonly project: string
  readonly request: TransportRequest
}

export type Handler = (asked: Asked) => Effect.Effect<TransportResponse, Refusal>

export const readPath = (path: string): Pick<Asked, "segments" | "query" | "project"> => {
  const url = new URL(path, "http://incus")
  const [version, ...segments] = url.pathname.split("/").slice(1).map(decodeURIComponent)
  return {
    segments: version === "1.0" ? segments : [version ?? "", ...segments],
    query: url.searchParams,
    project: url.searchParams.get("project") ?? "default"
  }
}

/** The document of a request; 400 if it is not such a document. */
export const bodyOf = <A, I>({ request }: Asked, schema: Schema.Schema<A, I>): Effect.Effect<A, Refusal> =>
  Schema.decodeUnknown(schema)(request.json).pipe(
    Effect.mapError((error) => refuse(400, error.message))
  )

/** What a part of the API answers to a request that this twin knows nothing of: it does not pretend to. */
export const notKnown: Handler = ({ method, request }) =>
  Effect.fail(refuse(501, `the twin in memory does not know ${method} ${request.path.split("?")[0]}`))
