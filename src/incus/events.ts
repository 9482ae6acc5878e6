import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Client } from "./client.ts"
import type { IncusFailure } from "./errors.ts"
import { IncusEvent } from "./schemas.ts"

/** The daemon's events of the given types (`lifecycle`, `operation`, `logging`), from now on; ends when the daemon goes. */
export type Events = (types: ReadonlyArray<string>) => Stream.Stream<IncusEvent, IncusFailure>

const decode = Schema.decodeUnknownOption(Schema.parseJson(IncusEvent))

export const makeEvents = (client: Client): Events => (types) =>
  Stream.unwrapScoped(
    client.transport.webSocket(client.path(["events"], { type: types.join(",") })).pipe(
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
