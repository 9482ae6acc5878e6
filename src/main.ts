import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Layer from "effect/Layer"
import * as Log from "./cli/log.ts"
import * as Output from "./cli/output.ts"
import * as Progress from "./cli/progress.ts"
import { run } from "./cli/runner.ts"
import { root } from "./commands/root.ts"
import * as Host from "./domain/Host.ts"

/** What every command may use: made at every start, so nothing here reads a file or opens a connection. */
const BaseLive = Layer.mergeAll(
  NodeFileSystem.layer,
  NodePath.layer,
  NodeTerminal.layer,
  Log.layer,
  Progress.layer
).pipe(
  Layer.provideMerge(Output.layer),
  Layer.provideMerge(Host.layer)
)

/** What commands need to work: made only when one of them runs. */
const MainLive = Layer.empty

run(root(MainLive), BaseLive)
