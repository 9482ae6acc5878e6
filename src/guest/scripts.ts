import { quote } from "../host/shell.ts"

/**
 * What runs inside the container, as text. Nothing is taken from the image but bash, tmux and util-linux, and the files
 * stand on the container's own disk: `/run` and `/tmp` are emptied while the container is still booting, and the tool
 * starts before that.
 */

/** Where the files of a session are in its container. */
export const guestDirectory = "/var/lib/clincus"
/** Written by the pane when the tool ends, read by the host: a mounted directory. */
export const outcomeDirectory = `${guestDirectory}/outcome`
export const socketPath = `${guestDirectory}/tmux.sock`
/** Where the pane says, while its start is watched, that the tool begins (an empty line) and what it ended with. */
const momentPath = `${guestDirectory}/moment`

/** The exit statuses by which a terminal that was attached tells why it no longer is; tmux's own are 0 and 1. */
export const attachStatus = { detached: 64, ended: 65, noServer: 66, cut: 67, failed: 68 } as const

/** Options of the tmux server; see tmux(1). Suspending the client would leave a terminal that nobody can wake. */
const configuration = `
set -g default-terminal "tmux-256color"
set -as terminal-features ",*:RGB:clipboard:ccolour:cstyle:focus:title"
set -s escape-time 0
set -s extended-keys on
set -s set-clipboard on
set -s exit-empty on
set -g history-limit 50000
set -g mouse on
set -g focus-events on
set -g allow-passthrough on
set -g window-size latest
set -g update-environment ""
set -g set-titles on
set -g set-titles-string "#{host} #{pane_title}"
set -g status-interval 0
set -g status-style "fg=colour250,bg=colour236"
set -g status-left " #{host} "
set -g status-left-length 40
set -g status-right " C-b d detaches "
set -g window-status-format ""
set -g window-status-current-format ""
bind-key d detach-client -E "exit ${attachStatus.detached}"
unbind-key $
unbind-key C-z
`

/**
 * The pane: the tool, then what it left on the screen and its exit status, then the end of the session. The descriptor 9
 * is held as long as the pane lives and by nothing else, so that its closing is the end, whatever killed the pane.
 */
const pane =
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
if [ "$CLINCUS_ON_EXIT" = shell ]; then
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

/** The variable of the container's init that says which run it was started for; see `Session`. */
export const runVariable = "CLINCUS_RUN"
const unitName = "clincus-session.service"

/**
 * The off-switch, in the hands of the container's init: started by it at each boot, and again if somebody kills it. In a
 * container that was started for no session it does nothing. An image has it, and the start script adds it to others.
 */
export const sessionUnit = `[Unit]
Description=Switches the container off when its session is over
[Service]
ExecStart=/bin/bash -c 'until [ -e ${guestDirectory}/watch ]; do grep -qz ^${runVariable}= /proc/1/environ || exit 77; sleep 0.3; done; exec /bin/bash ${guestDirectory}/watch'
Restart=always
RestartSec=300ms
RestartPreventExitStatus=77
SuccessExitStatus=77
TimeoutStopSec=1s
[Install]
WantedBy=multi-user.target
`

/**
 * Waits for the pane's end, takes the credentials out of what is saved and switches the container off. After a reboot the
 * pane is gone with all the rest: that is an end too. With the word "loose" it is only there until init has the unit.
 */
const watch = `cd ${guestDirectory} || exit 77
started() { local line; read -r line </proc/1/stat; set -- \${line##*) }; printf %s "\${20}"; }
finish() {
  while IFS= read -r -d '' path; do rm -rf -- "$path"; done <removed
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    systemctl poweroff && exit
    sleep 1
  done
  poweroff -ff
}
run=
while IFS= read -r -d '' pair; do case $pair in ${runVariable}=*) run=\${pair#*=} ;; esac; done </proc/1/environ
[ "\${1-}" != loose ] || [ -n "$run" ] || read -r run <session
[ -n "$run" ] || exit 77
if [ "\${1-}" = loose ]; then
  (
    for _ in {1..60}; do
      sleep 1
      systemctl is-active --quiet ${unitName} && kill $$ && exit
      systemctl daemon-reload && systemctl start --no-block ${unitName}
    done
  ) 2>/dev/null &
fi
# What stands there may still be of an earlier run: the start script of this one writes it anew.
until { read -r of && read -r at; } 2>/dev/null <session && [ "$of" = "$run" ]; do sleep 0.3; done
[ "$at" = "$(started)" ] || finish
for _ in {1..200}; do [ ! -s pane.pid ] || break; sleep 0.1; done
pane=$(<pane.pid) || finish
kill -0 "$pane" || finish
read -r -d '' _ <alive &
reader=$!
sleep 1
# It may have ended just before the pipe was opened, which then waits for ever.
kill -0 "$pane" || finish
wait "$reader"
finish
`

/** A line that writes a file without a process. */
const file = (path: string, text: string) => `printf %s ${quote(text)} > ${path}\n`

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

/**
 * Starts the session's tmux. Standard input holds NUL-terminated words: parameters as \`name=value\` up to an empty word,
 * then the command's words after their count, then the environment: so no value is on any command line or on disk.
 */
export const startScript = (prelude: string): string => `
set -u
fail() { printf '%s\\n' "$1" >&2; exit 70; }
while IFS= read -r -d '' pair && [ -n "$pair" ]; do printf -v "_clincus_\${pair%%=*}" %s "\${pair#*=}"; done
_clincus_command=(); for ((i = 0; i < _clincus_words; i++)); do IFS= read -r -d '' word; _clincus_command+=("$word"); done
_clincus_removed=(); for ((i = 0; i < _clincus_remove; i++)); do IFS= read -r -d '' word; _clincus_removed+=("$word"); done
# A variable of the tool's may be PATH.
hash tmux 2>/dev/null || fail "the image has no tmux"
hash setpriv 2>/dev/null || fail "the image has no setpriv"
_clincus_tmux=\${BASH_CMDS[tmux]} _clincus_setpriv=\${BASH_CMDS[setpriv]}
[ -d ${guestDirectory} ] || mkdir -p ${guestDirectory} || fail "cannot write to ${guestDirectory}"
_clincus_owned=(${guestDirectory} ${guestDirectory}/alive)
${prelude}
${file(`${guestDirectory}/tmux.conf`, configuration)}${file(`${guestDirectory}/pane`, pane)}${
  file(`${guestDirectory}/watch`, watch)
}
for old in ${guestDirectory}/alive ${guestDirectory}/pane.pid ${socketPath} ${momentPath}; do [ ! -e "$old" ] || rm -f "$old"; done
mkfifo ${guestDirectory}/alive
if [ "$_clincus_moment" != 0 ]; then
  mkfifo -m 666 ${momentPath}
  exec 8<>${momentPath}
fi
chown "$_clincus_uid:$_clincus_gid" "\${_clincus_owned[@]}"
(umask 077; : >${guestDirectory}/removed; [ "$_clincus_remove" = 0 ] || printf '%s\\0' "\${_clincus_removed[@]}" >${guestDirectory}/removed)
read -r line </proc/1/stat
set -- \${line##*) }
printf '%s\\n' "$_clincus_run" "\${20}" >${guestDirectory}/session
if [ ! -e /etc/systemd/system/${unitName} ]; then
  mkdir -p /etc/systemd/system/multi-user.target.wants
  ${
  file(`/etc/systemd/system/${unitName}`, sessionUnit)
}  ln -sf ../${unitName} /etc/systemd/system/multi-user.target.wants/${unitName}
fi
setsid bash ${guestDirectory}/watch loose </dev/null >/dev/null 2>&1 &
# From here on the tool's variables are set: those of this script have a prefix that no other may have.
while IFS= read -r -d '' _clincus_pair; do export "$_clincus_pair"; done
export HOME="$_clincus_home" USER="$_clincus_user" LOGNAME="$_clincus_user" SHELL=/bin/bash CLINCUS_ON_EXIT="$_clincus_on_exit"
cd -- "$_clincus_directory" || fail "the workspace is not mounted at $_clincus_directory"
"$_clincus_setpriv" --reuid "$_clincus_uid" --regid "$_clincus_gid" --init-groups -- \\
  "$_clincus_tmux" -u -S ${socketPath} -f ${guestDirectory}/tmux.conf \\
  new-session -d -s clincus -x "$_clincus_columns" -y "$_clincus_rows" -- /bin/bash ${guestDirectory}/pane "\${_clincus_command[@]}" </dev/null || exit
# The moment counts from the tool's beginning, however busy the machine is. What it ended with is told on standard output.
if [ "$_clincus_moment" != 0 ]; then
  read -r -t 5 -u 8 _
  if read -r -t "$_clincus_moment" -u 8 _clincus_ended; then
    printf '%s\\n' "$_clincus_ended"
    # The outcome is written next, unless a shell takes the tool's place.
    for ((_clincus_wait = 0; _clincus_wait < 50; _clincus_wait++)); do
      [ "$_clincus_on_exit" != shell ] && [ ! -e ${outcomeDirectory}/status ] || break
      read -r -t 0.02 -u 8 _
    done
  fi
  rm -f ${momentPath}
fi
exit 0
`
