import { outcomeDirectory, overPath, socketPath } from "./paths.ts"

/** From when on the end is announced (s). */
const notice = 300

/** How long the tool has to end by itself (s). */
const grace = 10

/**
 * Ends the session at its deadline (`$deadline`, seconds since the epoch), a function of `watch`: says so before, in the
 * status line and to whoever looks on; asks the tool to end, which leaves its outcome as ever; then ends it. Time goes by
 * the clock, so that a machine that slept does not give the night back. tmux is the container's and may hang.
 */
export const limit = `say() { timeout 5 tmux -S ${socketPath} "$@" </dev/null 2>/dev/null; }
announce() {
  say set -g status-right " ends in $1: time limit | C-b d detaches " >/dev/null
  [ "$2" = quiet ] || say list-clients -F '#{client_name}' | while IFS= read -r client; do
    say display-message -c "$client" -d 10000 "This session ends in $1: its time limit is reached then." >/dev/null
  done
}
tool() { local pids; read -r -a pids <"/proc/$pane/task/$pane/children"; for pid in "\${pids[@]}"; do kill "-$1" -- "-$pid"; done 2>/dev/null; }
limit() {
  local left rest shown= text
  while kill -0 $$ 2>/dev/null && left=$((deadline - EPOCHSECONDS)) && [ "$left" -gt 0 ]; do
    if [ "$left" -gt ${notice} ]; then
      rest=$((left - ${notice}))
      sleep $((rest > 30 ? 30 : rest))
      continue
    fi
    if [ "$left" -gt 60 ]; then text="$(((left + 59) / 60)) min" rest=$((left % 60)); else text="$(((left + 9) / 10 * 10)) s" rest=$((left % 10)); fi
    case $shown:$text in
      :*|*min:*s) announce "$text" loud ;;
      "$text:$text") ;;
      *) announce "$text" quiet ;;
    esac
    shown=$text
    sleep $((rest > 0 ? rest : 1))
  done
  kill -0 $$ 2>/dev/null || exit
  printf time >${outcomeDirectory}/.reason && mv -f ${outcomeDirectory}/.reason ${outcomeDirectory}/reason
  : >${overPath}
  tool TERM; tool CONT
  for i in {1..${grace}}; do
    sleep 1
    kill -0 "$pane" 2>/dev/null || exit
    # A shell ends for nothing else.
    [ "$i" != 3 ] || tool HUP
  done
  tool KILL
  for _ in 1 2 3; do sleep 1; kill -0 "$pane" 2>/dev/null || exit; done
  finish
}`
