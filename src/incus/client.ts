import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { type IncusFailure, IncusRequestError, IncusUnexpected, InstanceNotFound } from "./errors.ts"
import type { IncusTransport, TransportRequest, TransportResponse } from "./IncusTransport.ts"
import { Envelope, Operation } from "./schemas.ts"

/** What the endpoint groups are built from: requests whose answers are decoded, and operations that are waited for. */
export interface Client {
  readonly transport: Context.Tag.Service<IncusTransport>
  /** The body as it came, for files and exports. Fails where the status is not 2xx. */
  readonly raw: (request: TransportRequest) => Effect.Effect<TransportResponse, IncusFailure>
  /** The `metadata` of a synchronous answer, decoded. */
  readonly get: <A, I>(path: string, schema: Schema.Schema<A, I>) => Effect.Effect<A, IncusFailure>
  /** The same with the answer's ETag, for a write that must not overwrite somebody else's. */
  readonly getTagged: <A, I>(
    path: string,
    schema: Schema.Schema<A, I>
  ) => Effect.Effect<{ readonly value: A; readonly etag: string }, IncusFailure>
  /** A request whose answer holds nothing of interest. */
  readonly send: (request: TransportRequest) => Effect.Effect<void, IncusFailure>
  /** A request that starts an operation, which is returned as it stands. */
  readonly start: (request: TransportRequest) => Effect.Effect<Operation, IncusFailure>
  /** Waits for an operation; one that failed is an `IncusRequestError` with the operation's own words. */
  readonly wait: (operation: Operation, request: TransportRequest) => Effect.Effect<Operation, IncusFailure>
  /** Starts an operation and waits for it. Interrupting it leaves the operation to the daemon. */
  readonly run: (request: TransportRequest) => Effect.Effect<Operation, IncusFailure>
  /** Adds `?project=` and other parameters to a path. */
  readonly path: (segments: ReadonlyArray<string>, query?: Record<string, string>) => string
}

const parse = Schema.decodeUnknown(Schema.parseJson(Envelope))

const refused = (request: TransportRequest, status: number, reason: string) =>
  new IncusRequestError({ method: request.method, path: request.path.split("?")[0] ?? "", status, reason })

const unexpected = (request: TransportRequest, error: ParseResult.ParseError) =>
  new IncusUnexpected({
    method: request.method,
    path: request.path.split("?")[0] ?? "",
    reason: ParseResult.TreeFormatter.formatErrorSync(error)
  })

/** What only reads is answered in ms; a daemon that takes so long is stuck, and nobody should wait for it for ever. */
const readPatience = "30 seconds"

const answered = <A, E, R>(request: TransportRequest, read: Effect.Effect<A, E, R>) =>
  read.pipe(Effect.timeoutFail({
    duration: readPatience,
    onTimeout: () =>
      new IncusUnexpected({
        method: request.method,
        path: request.path.split("?")[0] ?? "",
        reason: `no answer within ${readPatience}`
      })
  }))

/** A client of one project of one server. */
export const makeClient = (transport: Context.Tag.Service<IncusTransport>, project: string): Client => {
  const path: Client["path"] = (segments, query = {}) => {
    const parameters = new URLSearchParams({ ...(project === "default" ? {} : { project }), ...query })
      .toString()
    return `/1.0${segments.map((one) => `/${encodeURIComponent(one)}`).join("")}${
      parameters === "" ? "" : `?${parameters}`
    }`
  }

  const envelope = (request: TransportRequest) =>
    transport.request(request).pipe(
      Effect.flatMap((response) =>
        parse(Buffer.from(response.body).toString("utf8")).pipe(
          Effect.mapError((error) => unexpected(request, error)),
          Effect.filterOrFail(
            (answer) => answer.type !== "error" && response.status < 400,
            (answer) => refused(request, answer.error_code || response.status, answer.error)
          ),
          Effect.map((answer) => ({ ...answer, etag: response.headers.etag ?? "" }))
        )
      )
    )

  const decode = <A, I>(request: TransportRequest, schema: Schema.Schema<A, I>) => (input: unknown) =>
    Schema.decodeUnknown(schema)(input).pipe(Effect.mapError((error) => unexpected(request, error)))

  const raw: Client["raw"] = (request) =>
    transport.request(request).pipe(
      Effect.flatMap((response) =>
        response.status < 400
          ? Effect.succeed(response)
          : parse(Buffer.from(response.body).toString("utf8")).pipe(
            Effect.mapError((error) => unexpected(request, error)),
            Effect.flatMap((answer) => Effect.fail(refused(request, response.status, answer.error)))
          )
      )
    )

  const getTagged: Client["getTagged"] = (at, schema) => {
    const request: TransportRequest = { method: "GET", path: at }
    return answered(request, fetchTagged(request, schema))
  }

  const fetchTagged = <A, I>(request: TransportRequest, schema: Schema.Schema<A, I>) => {
    return envelope(request).pipe(
      Effect.flatMap(({ etag, metadata }) =>
        decode(request, schema)(metadata).pipe(Effect.map((value) => ({ value, etag })))
      )
    )
  }

  const get: Client["get"] = (at, schema) => getTagged(at, schema).pipe(Effect.map(({ value }) => value))

  const start: Client["start"] = (request) =>
    envelope(request).pipe(Effect.flatMap((answer) => decode(request, Operation)(answer.metadata)))

  const wait: Client["wait"] = (operation, request) =>
    fetchTagged({ method: "GET", path: path(["operations", operation.id, "wait"]) }, Operation).pipe(
      Effect.map(({ value }) => value),
      Effect.mapError((error) =>
        error instanceof IncusRequestError ? refused(request, error.status, error.reason) : error
      ),
      Effect.filterOrFail(
        (ended) => ended.status_code < 400,
        (ended) => refused(request, ended.status_code, ended.err)
      )
    )

  return {
    transport,
    path,
    raw,
    get,
    getTagged,
    send: (request) => Effect.asVoid(envelope(request)),
    start,
    wait,
    run: (request) => start(request).pipe(Effect.flatMap((operation) => wait(operation, request)))
  }
}

/** True for the daemon's "not found", which it sends with status 404. */
export const isNotFound = (error: { readonly _tag: string }): error is IncusRequestError =>
  error instanceof IncusRequestError && (error.status === 404 || /instance not found/i.test(error.reason))

/** Turns the daemon's "not found" into the name of the instance that was asked for. */
export const instanceNamed = (name: string) => (error: IncusFailure): IncusFailure | InstanceNotFound =>
  isNotFound(error) ? new InstanceNotFound({ name }) : error
