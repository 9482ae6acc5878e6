import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as History from "../../session/HistoryStore.ts"
import { layer as sessionsLayer, Sessions } from "../../session/Sessions.ts"
import { describeTool } from "../../tool/ToolRegistry.ts"
import type { Ground } from "./ground.ts"

/** Nobody gives a tool of their own this name. */
const tool = describeTool("clincus-health", {
  title: "The probes of clincus health",
  binary: "sleep",
  // If this program is killed the tool ends by itself, and the container with it (s).
  start: ["60"]
})

/**
 * A session on the ground, as the user's configuration makes sessions; only that it ends with the scope, is given none of
 * the user's variables, and leaves no history. Its saved state is in the ground too, and goes with it.
 */
export const startOn = (ground: Ground) =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const layer = sessionsLayer.pipe(Layer.provide(History.layer(path.join(ground.root, "saved"))))
    return yield* Effect.gen(function*() {
      const sessions = yield* Sessions
      const described = yield* tool
      const request = yield* sessions.plan({
        workspace: ground.workspace,
        tool: described.name,
        tools: [described],
        persistent: false
      })
      return yield* sessions.begin({ ...request, environment: {}, onExit: "end", onDetach: "end" })
    }).pipe(Effect.provide(layer))
  })
