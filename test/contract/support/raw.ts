import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { makeClient } from "../../../src/incus/client.ts"
import { defaultPatience, IncusTransport } from "../../../src/incus/IncusTransport.ts"

/** Requests as they go over the wire, for what no group of endpoints asks. */
export const raw = Effect.map(
  IncusTransport,
  (transport) => makeClient(transport, "default", Duration.decode(defaultPatience))
)

/** What `PUT …/state` may ask for beside starting and stopping. */
export const change = (name: string, action: "freeze" | "unfreeze") =>
  Effect.flatMap(
    raw,
    (client) =>
      client.run({
        method: "PUT",
        path: client.path(["instances", name, "state"]),
        json: { action, timeout: -1 }
      })
  )
