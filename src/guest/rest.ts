import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { IncusService } from "../incus/IncusService.ts"
import { NoTmux, TmuxError, type TmuxFailure } from "./errors.ts"
import type { Guest } from "./Guest.ts"
import { socketPath } from "./paths.ts"

/**
 * Waits in the container until the tool's window has been silent for `$1` seconds, or has been written to after the
 * moment `$1`, and prints when it was last written to. A wait is one request, however long it takes.
 */
const script = (until: string) => `
while now=$(tmux -S ${socketPath} display-message -p -t clincus: '#{window_activity}' 2>/dev/null); do
  [ "$now" -gt 0 ] 2>/dev/null || exit 2
  if ${until}; then printf '%s\\n' "$now"; exit; fi
  sleep 0.5
done
exit 1`

const untilSilent = script("[ $((EPOCHSECONDS - now)) -ge \"$1\" ]")
const untilWritten = script("[ \"$now\" -gt \"$1\" ]")

/** See `TmuxService`. */
export const makeRest = (incus: Context.Tag.Service<IncusService>) => {
  const wait = (guest: Guest, text: string, argument: number): Effect.Effect<number, TmuxFailure> =>
    incus.exec.run(guest.container, {
      command: ["/bin/bash", "-c", text, "bash", String(Math.max(0, Math.floor(argument)))],
      user: guest.uid,
      group: guest.gid
    }).pipe(
      Effect.flatMap(({ status, stdout }): Effect.Effect<number, TmuxFailure> =>
        status === 0 && /^\d{1,12}\n$/.test(stdout)
          ? Effect.succeed(Number(stdout))
          : status === 1
          ? new NoTmux({ container: guest.container })
          : new TmuxError({
            container: guest.container,
            action: "watch the tool's output",
            reason: `status ${status}`
          })
      )
    )
  return {
    untilRest: (guest: Guest, seconds: number) => wait(guest, untilSilent, Math.max(1, seconds)),
    untilActive: (guest: Guest, since: number) => Effect.asVoid(wait(guest, untilWritten, since))
  }
}
