import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Client } from "./client.ts"
import type { IncusFailure } from "./errors.ts"
import { IncusEvent, LifecycleEvent } from "./schemas.ts"

/**
 * What the daemon tells by itself, from the moment on at which the stream is run; a stream ends when the daemon goes. An
 * event may be lost, so a look at the instance has the last word. See https://linuxcontainers.org/incus/docs/main/events/.
 *
 * @example
 * import * as Incus from "clincus/incus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * export const actions = Effect.gen(function*() {
 *   const { events } = yield* Incus.IncusService
 *   yield* Stream.runForEach(events.instances, ({ action, name }) => Console.log(`${name}: ${action}`))
 * })
 */
export interface Events {
  /** Events of the given types: `lifecycle`, `operation`, `logging`. */
  readonly of: (types: ReadonlyArray<string>) => Stream.Stream<IncusEvent, IncusFailure>
  /** What happens to instances of the project: `instance-started`, `instance-stopped`, `instance-deleted`, … */
  readonly instances: Stream.Stream<LifecycleEvent, IncusFailure>
}

const decode = Schema.decodeUnknownOption(Schema.parseJson(IncusEvent))
const decodeLifecycle = Schema.decodeUnknownOption(LifecycleEvent)

export const makeEvents = (client: Client): Events => {
  const of: Events["of"] = (types) =>
    Stream.unwrapScoped(
      client.transport.webSocket(client.path(["events"], { type: types.join(",") }), { answersPings: true })
        .pipe(
          Effect.map((socket) =>
            Stream.async<string>((emit) => {
              socket.listen(
                (message) =>
                  void emit.single(
                    message._tag === "Text" ? message.text : Buffer.from(message.bytes).toString("utf8")
                  ),
                () => void emit.end()
              )
            }).pipe(Stream.filterMap(decode))
          )
        )
    )
  return {
    of,
    instances: of(["lifecycle"]).pipe(
      Stream.filterMap((event) =>
        Option.filter(decodeLifecycle(event.metadata), ({ action }) => action.startsWith("instance-"))
      )
    )
  }
}
