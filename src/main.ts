import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Completer } from "./cli/completer.ts"
import * as Log from "./cli/log.ts"
import * as Output from "./cli/output.ts"
import * as Progress from "./cli/progress.ts"
import { run } from "./cli/runner.ts"
import * as Trace from "./cli/trace.ts"
import { about } from "./commands/about.ts"
import { namesOf } from "./commands/names.ts"
import { root } from "./commands/root.ts"
import * as Health from "./health/HealthService.ts"
import * as Host from "./host/Host.ts"
import * as Images from "./image/ImageService.ts"
import * as Configured from "./session/configured.ts"
import * as Setup from "./setup/SetupService.ts"
import * as Privileged from "./terminal/privileged.ts"
import * as UserTerminal from "./terminal/UserTerminal.ts"

/** What every command may use: made at every start, so nothing here reads a file or opens a connection. */
const BaseLive = Layer.mergeAll(
  NodeFileSystem.layer,
  NodePath.layer,
  NodeTerminal.layer,
  Log.layer(about),
  Trace.layer(about),
  Progress.layer
).pipe(
  Layer.provideMerge(Output.layer),
  Layer.provideMerge(Host.layer)
)

/** What commands need to work: made only when one of them runs. */
const MainLive = Health.layer.pipe(
  Layer.provideMerge(Setup.layer),
  Layer.provideMerge(Layer.merge(Images.layer, Privileged.layer)),
  Layer.provideMerge(Layer.merge(Configured.layerOfHost, UserTerminal.layer))
)

/** Names of what is there now, for the Tab key. */
const CompleterLive = Layer.succeed(
  Completer,
  (kind) => Effect.provide(namesOf(kind), MainLive.pipe(Layer.provideMerge(BaseLive)))
)

run(about, root(MainLive), Layer.merge(BaseLive, CompleterLive))
