import * as Effect from "effect/Effect"
import { Sessions } from "../session/Sessions.ts"
import { AmbiguousSession, NoSuchSession } from "./errors.ts"

/** Says why a name fits no session, or none alone. */
export const requireKnown = (name: string) =>
  Effect.gen(function*() {
    const { named, saved } = yield* Sessions
    const ids = (yield* saved).sessions.map(({ id }) => id).filter((id) => id.startsWith(name.toLowerCase()))
    if (ids.length > 0) return yield* new AmbiguousSession({ name, ids })
    // A container that is another's is told as such.
    yield* Effect.catchTag(named(name), "InstanceNotFound", () => Effect.void)
    return yield* new NoSuchSession({ name })
  })
