import * as Data from "effect/Data"
import type { TransportResponse } from "../httpRequest.ts"

/** The daemon's "no": a status and its words. The end of an operation may be one too. */
export class Refusal extends Data.TaggedError("Refusal")<{
  readonly status: number
  readonly reason: string
}> {
  override get message(): string {
    return `${this.status} ${this.reason}`
  }
}

export const refuse = (status: number, reason: string) => new Refusal({ status, reason })

const answer = (
  status: number,
  document: unknown,
  headers: Record<string, string> = {}
): TransportResponse => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: Buffer.from(JSON.stringify(document))
})

/** The answer to a request that is done when it is answered. */
export const done = (metadata: unknown, etag?: string): TransportResponse =>
  answer(
    200,
    { type: "sync", status: "Success", status_code: 200, operation: "", error_code: 0, error: "", metadata },
    etag === undefined ? {} : { etag: `"${etag}"` }
  )

/** The answer to a request that has started an operation. */
export const begun = (
  operation: {
    readonly id: string
    readonly status: string
    readonly status_code: number
    readonly metadata: unknown
  }
): TransportResponse =>
  answer(202, {
    type: "async",
    status: "Operation created",
    status_code: 100,
    operation: `/1.0/operations/${operation.id}`,
    error_code: 0,
    error: "",
    metadata: operation
  })

/** A client that waits for an operation has the header of the answer by then: its status is 200 whatever the refusal's. */
export const refused = ({ reason, status }: Refusal, http = status): TransportResponse =>
  answer(http, {
    type: "error",
    status: "",
    status_code: 0,
    operation: "",
    error_code: status,
    error: reason,
    metadata: null
  })
