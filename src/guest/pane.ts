import { attachStatus } from "./attach.ts"
import { guestDirectory, momentPath, outcomeDirectory, overPath, socketPath } from "./paths.ts"

/**
 * The pane: the tool, then what it left on the screen and its exit status, then the end of the session. The descriptor 9
 * is held as long as the pane lives and by nothing else, so that its closing is the end, whatever killed the pane.
 */
export const pane =
  `# Keys that come before the tool does must not end the pane. A handler, for the tool would inherit what is ignored.
trap : INT QUIT TSTP
printf '%s\\n' "$$" >${guestDirectory}/pane.pid
exec 9>${guestDirectory}/alive
tmux() { command tmux -S ${socketPath} "$@" 9>&-; }
# With job control Ctrl+C is the tool's alone, and a tool that suspends itself is woken: there is no shell here to do so.
set -m
[ ! -p ${momentPath} ] || printf '\\n' 1<>${momentPath}
"$@" 9>&-
status=$?
while [ -n "$(jobs -ps)" ]; do
  fg >/dev/null
  status=$?
done
[ ! -p ${momentPath} ] || printf '%s\\n' "$status" 1<>${momentPath}
if [ "$CLINCUS_ON_EXIT" = shell ] && [ ! -e ${overPath} ]; then
  printf '\\nThe tool has ended with status %s. This is a shell in the container; leave it to end the session.\\n' "$status"
  bash -l 9>&-
fi
tmux capture-pane -p -S -2000 -t "$TMUX_PANE" | tail -n 200 > ${outcomeDirectory}/.screen
mv -f ${outcomeDirectory}/.screen ${outcomeDirectory}/screen
printf '%s\\n' "$status" > ${outcomeDirectory}/.status
mv -f ${outcomeDirectory}/.status ${outcomeDirectory}/status
tmux detach-client -s clincus -E "exit ${attachStatus.ended}"
exit 0
`
