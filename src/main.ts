import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Layer from "effect/Layer"
import * as Output from "./cli/output.ts"
import { run } from "./cli/runner.ts"
import { root } from "./commands/root.ts"
import * as Host from "./domain/Host.ts"
import * as Progress from "./domain/Progress.ts"

const BaseLive = Layer.mergeAll(
  NodeFileSystem.layer,
  NodePath.layer,
  NodeTerminal.layer,
  Host.layer,
  Output.layer,
  Progress.silent
)

run(root, BaseLive)
