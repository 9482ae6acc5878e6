import { socketPath } from "./paths.ts"

/** The exit statuses by which a terminal that was attached tells why it no longer is; tmux's own are 0 and 1. */
export const attachStatus = { detached: 64, ended: 65, noServer: 66, cut: 67, failed: 68 } as const

/** A terminal type that the container does not know is replaced by the one that nearly all terminals understand. */
export const knownTerminal = `infocmp "$TERM" >/dev/null 2>&1 || export TERM=xterm-256color; `

/**
 * Attaches the terminal and ends with one of `attachStatus`. What tmux says at its end is read, not shown: it draws on its
 * input, the terminal, not on its output. The binding of an older clincus says nothing, with status 0. A client that was
 * killed says nothing of the session, which may be going down with its container. In another failure tmux's own words
 * are shown.
 */
export const attachScript = `${knownTerminal}
said=$(tmux -u -S ${socketPath} attach-session -t clincus 2>&1)
status=$?
case $status:$said in
  ${attachStatus.detached}:*|${attachStatus.ended}:*) exit $status ;;
  *'[exited]'*|*'[server exited'*|*'[lost server]'*) exit ${attachStatus.ended} ;;
  *'no sessions'*|*'no server running'*|*'error connecting'*|*"can't find session"*) exit ${attachStatus.noServer} ;;
  0:*) exit ${attachStatus.detached} ;;
  129:*|1[3-9]?:*|*'[terminated]'*|*'[lost tty]'*) exit ${attachStatus.cut} ;;
esac
printf '%s\\n' "$said"
exit ${attachStatus.failed}`
