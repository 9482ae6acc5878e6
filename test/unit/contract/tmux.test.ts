import * as Layer from "effect/Layer"
import { memoryTmux } from "../../../src/guest/memory/MemoryTmux.ts"
import { ground } from "../../contract/support/memory.ts"
import { tool } from "../../contract/support/tool.ts"
import { tmuxContract } from "../../contract/tmux.ts"

tmuxContract("the twin of tmux", Layer.provideMerge(memoryTmux({ tool }), ground))
