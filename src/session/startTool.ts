import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { becomeOwner } from "../guest/becomeOwner.ts"
import type { Guest } from "../guest/Guest.ts"
import { TmuxService } from "../guest/TmuxService.ts"
import { deadlineOf } from "../policy/limits.ts"
import { hostPrelude } from "../policy/network/devices.ts"
import type { PreparedNetwork } from "../policy/network/prepare.ts"
import type { Policy } from "../policy/policy.ts"
import { removedAtEnd } from "../tool/Tool.ts"
import type { Identity } from "../workspace/identity.ts"
import { commandOf, mountParents } from "./command.ts"
import { ToolEnded } from "./errors.ts"
import { HistoryStore } from "./HistoryStore.ts"
import type { Occupied } from "./occupy.ts"
import type { SessionRequest } from "./request.ts"
import type { SessionState } from "./state.ts"

/** Starts the tool in tmux, as the user that the owner of the workspace is mapped to. */
export const startTool = (
  request: SessionRequest,
  identity: Identity,
  policy: Policy & Pick<PreparedNetwork, "hostPorts">,
  saved: SessionState,
  container: Occupied
) =>
  Effect.gen(function*() {
    const tmux = yield* TmuxService
    const history = yield* HistoryStore
    const { tool } = request.tool
    const { gid, home, uid, user } = identity
    const guest: Guest = { container: container.container, directory: request.directory, uid, gid, home }
    const mode = request.debug ? "debug" : saved.resumed ? "resume" : "start"
    const ended = yield* tmux.start(guest, {
      run: saved.run.run ?? saved.id,
      user,
      command: commandOf(request.tool, { id: saved.conversation }, mode),
      environment: saved.environment,
      size: request.size,
      onExit: request.onExit,
      remove: removedAtEnd(tool).map((path) => `${home}/${path}`),
      prelude: becomeOwner(identity, mountParents(tool, home)) + hostPrelude(policy.hostPorts),
      moment: request.moment,
      deadline: deadlineOf(policy.limits, saved.startedAt)
    })
    if (Option.isNone(ended)) return guest
    // If a shell has taken the tool's place, the outcome is not written yet, but the screen is there.
    const outcome = yield* history.outcome({ tool: tool.name, id: saved.id })
    return yield* new ToolEnded({
      tool: tool.title,
      status: ended.value,
      screen: Option.isSome(outcome) ? outcome.value.screen : yield* tmux.capture(guest, { ansi: false })
    })
  })
