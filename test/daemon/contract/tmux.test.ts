import * as Layer from "effect/Layer"
import * as Tmux from "../../../src/guest/TmuxService.ts"
import { tmuxContract } from "../../contract/tmux.ts"
import { ground } from "../support/contractGround.ts"

tmuxContract("tmux in a container", Layer.provideMerge(Tmux.layer, ground))
