import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import {
  IncusConnectionLost,
  type IncusFailure,
  IncusRequestError,
  IncusSilent,
  IncusUnexpected,
  InstanceNotFound,
  OperationLost
} from "./errors.ts"
import { named, type TransportRequest, type TransportResponse } from "./httpRequest.ts"
import type { IncusTransport } from "./IncusTransport.ts"
import { isConnection, passing } from "./retry.ts"
import { Envelope, Operation } from "./schemas.ts"

/** What the endpoint groups are built from: requests whose answers are decoded, and operations that are waited for. */
export interface Client {
  readonly transport: Context.Tag.Service<IncusTransport>
  /** How long a daemon may say nothing, and be away while an operation is waited for. */
  readonly patience: Duration.Duration
  /** The body as it came, for files and exports. Fails if the status is not 2xx. */
  readonly raw: (request: TransportRequest) => Effect.Effect<TransportResponse, IncusFailure>
  /** The `metadata` of a synchronous answer, decoded. */
  readonly get: <A, I>(path: string, schema: Schema.Schema<A, I>) => Effect.Effect<A, IncusFailure>
  /** The same with the answer's ETag, for a write that must not overwrite somebody else's. */
  readonly getTagged: <A, I>(
    path: string,
    schema: Schema.Schema<A, I>
  ) => Effect.Effect<{ readonly value: A; readonly etag: string }, IncusFailure>
  /** Decodes a part of an answer; fails as `get` does if the part is something else. */
  readonly decode: <A, I>(
    request: Pick<TransportRequest, "method" | "path">,
    schema: Schema.Schema<A, I>
  ) => (input: unknown) => Effect.Effect<A, IncusUnexpected>
  /** A request whose answer holds nothing of interest. */
  readonly send: (request: TransportRequest) => Effect.Effect<void, IncusFailure>
  /** A request that starts an operation, which is returned as it stands. */
  readonly start: (request: TransportRequest) => Effect.Effect<Operation, IncusFailure>
  /**
   * Waits for an operation, over a restart of the daemon too; an operation that failed is an `IncusRequestError` with
   * the operation's own words, an operation that the daemon does not know (any more) is `OperationLost`.
   */
  readonly wait: (operation: Operation, request: TransportRequest) => Effect.Effect<Operation, IncusFailure>
  /** Starts an operation and waits for it. Interrupting it leaves the operation to the daemon. */
  readonly run: (request: TransportRequest) => Effect.Effect<Operation, IncusFailure>
  /** Adds `?project=` and other parameters to a path. */
  readonly path: (segments: ReadonlyArray<string>, query?: Record<string, string>) => string
}

/** The codes of operations that have not ended are below 200. */
const hasEnded = (operation: Operation): boolean => operation.status_code >= 200

const parse = Schema.decodeUnknown(Schema.parseJson(Envelope))

const refused = (request: TransportRequest, status: number, reason: string, operation?: string) =>
  new IncusRequestError({
    ...named(request),
    status,
    reason,
    ...(operation === undefined ? {} : { operation })
  })

const unexpected = (request: Pick<TransportRequest, "method" | "path">, error: ParseResult.ParseError) =>
  new IncusUnexpected({
    ...named(request),
    reason: ParseResult.ArrayFormatter.formatErrorSync(error).slice(0, 1).map(({ message, path }) =>
      path.length === 0 ? message : `${path.join(".")}: ${message}`
    ).join("")
  })

/** The envelope of an answer; an answer without an envelope is shown as it begins. */
const readEnvelope = (request: TransportRequest, { body, status }: TransportResponse) => {
  const text = Buffer.from(body).toString("utf8")
  return parse(text).pipe(
    Effect.mapError(() =>
      new IncusUnexpected({
        ...named(request),
        reason: text === ""
          ? `nothing, with status ${status}`
          : `no document of its API, with status ${status}: ${text.slice(0, 80)}`
      })
    )
  )
}

/** If the daemon goes away while it works on a request, that request was sent, whatever became of the waiting. */
const whileWaiting =
  (operation: Operation, request: TransportRequest) => (failure: IncusFailure): IncusFailure => {
    switch (failure._tag) {
      case "IncusRequestError":
        return refused(request, failure.status, failure.reason, operation.id)
      case "IncusUnavailable":
      case "IncusDenied":
        return new IncusConnectionLost({ ...named(request), cause: failure })
      case "IncusConnectionLost":
        return new IncusConnectionLost({ ...named(request), cause: failure.cause })
      case "IncusSilent":
        return new IncusSilent({ ...named(request), seconds: failure.seconds, sent: true })
      default:
        return failure
    }
  }

/** A client of one project of one server. */
export const makeClient = (
  transport: Context.Tag.Service<IncusTransport>,
  project: string,
  patience: Duration.Duration
): Client => {
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
        readEnvelope(request, response).pipe(
          Effect.filterOrFail(
            (answer) => answer.type !== "error" && response.status < 400,
            (answer) => refused(request, answer.error_code || response.status, answer.error)
          ),
          Effect.map((answer) => ({ ...answer, etag: response.headers["etag"] ?? "" }))
        )
      )
    )

  const decode: Client["decode"] = (request, schema) => (input) =>
    Schema.decodeUnknown(schema)(input).pipe(Effect.mapError((error) => unexpected(request, error)))

  const raw: Client["raw"] = (request) =>
    transport.request(request).pipe(
      Effect.flatMap((response) =>
        response.status < 400
          ? Effect.succeed(response)
          : readEnvelope(request, response).pipe(
            Effect.flatMap((answer) => Effect.fail(refused(request, response.status, answer.error)))
          )
      )
    )

  const getTagged: Client["getTagged"] = (at, schema) => fetchTagged({ method: "GET", path: at }, schema)

  const fetchTagged = <A, I>(request: TransportRequest, schema: Schema.Schema<A, I>) =>
    envelope(request).pipe(
      Effect.flatMap(({ etag, metadata }) =>
        decode(request, schema)(metadata).pipe(Effect.map((value) => ({ value, etag })))
      )
    )

  const get: Client["get"] = (at, schema) => getTagged(at, schema).pipe(Effect.map(({ value }) => value))

  const start: Client["start"] = (request) =>
    envelope(request).pipe(Effect.flatMap((answer) => decode(request, Operation)(answer.metadata)))

  // The daemon is asked to answer after so long, so that one which hangs is told from an operation that takes its time.
  const round = Duration.seconds(Math.max(1, Math.round(Duration.toSeconds(patience) * 3)))

  /**
   * Incus answers with an error if the operation failed, with whatever status fits that, if it has not ended in time, and
   * if there is no such operation. The operation itself tells which it is.
   */
  const lookAt = (operation: Operation, request: TransportRequest, said: IncusRequestError) =>
    get(path(["operations", operation.id]), Operation).pipe(
      Effect.catchIf(isNotFound, (): Effect.Effect<never, IncusFailure> =>
        said.status === 404
          ? new OperationLost({ ...named(request), operation: operation.id })
          : said)
    )

  const wait: Client["wait"] = (operation, request) => {
    const poll: TransportRequest = {
      method: "GET",
      path: path(["operations", operation.id, "wait"], { timeout: String(Duration.toSeconds(round)) }),
      patience: Duration.sum(round, patience)
    }
    return fetchTagged(poll, Operation).pipe(
      Effect.map(({ value }) => value),
      Effect.catchTag("IncusRequestError", (said) => lookAt(operation, request, said)),
      Effect.retry({ while: isConnection, schedule: passing(patience) }),
      Effect.tap((now) => hasEnded(now) ? Effect.void : Effect.sleep("100 millis")),
      Effect.repeat({ until: hasEnded }),
      Effect.mapError(whileWaiting(operation, request)),
      Effect.filterOrFail(
        (ended) => ended.status_code < 400,
        (ended) => refused(request, ended.status_code, ended.err, operation.id)
      )
    )
  }

  return {
    transport,
    patience,
    path,
    raw,
    decode,
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

/** What is found, or none if the daemon has no such thing. */
export const orNone = <A, R>(
  found: Effect.Effect<A, IncusFailure, R>
): Effect.Effect<Option.Option<A>, IncusFailure, R> =>
  found.pipe(Effect.asSome, Effect.catchIf(isNotFound, () => Effect.succeedNone))

/** Turns the daemon's "not found" into the name of the instance that was asked for. */
export const instanceNamed = (name: string) => (error: IncusFailure): IncusFailure | InstanceNotFound =>
  isNotFound(error) ? new InstanceNotFound({ name }) : error
