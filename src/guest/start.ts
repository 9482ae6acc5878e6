import { quote } from "../host/shell.ts"
import { configuration } from "./configuration.ts"
import { pane } from "./pane.ts"
import { guestDirectory, momentPath, outcomeDirectory, overPath, socketPath } from "./paths.ts"
import { sessionUnit, unitName, watch } from "./watch.ts"

/** A line that writes a file without a process. */
const file = (path: string, text: string) => `printf %s ${quote(text)} > ${path}\n`

/**
 * Starts the session's tmux. Standard input holds NUL-terminated words: parameters as `name=value` up to an empty word,
 * then the command's words after their count, then the environment: so no value is on any command line or on disk.
 * Nothing is taken from the image but bash, tmux and util-linux.
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
for old in ${guestDirectory}/alive ${guestDirectory}/pane.pid ${socketPath} ${momentPath} ${overPath}; do [ ! -e "$old" ] || rm -f "$old"; done
mkfifo ${guestDirectory}/alive
if [ "$_clincus_moment" != 0 ]; then
  mkfifo -m 666 ${momentPath}
  exec 8<>${momentPath}
fi
chown "$_clincus_uid:$_clincus_gid" "\${_clincus_owned[@]}"
(umask 077; : >${guestDirectory}/removed; [ "$_clincus_remove" = 0 ] || printf '%s\\0' "\${_clincus_removed[@]}" >${guestDirectory}/removed)
read -r line </proc/1/stat
set -- \${line##*) }
printf '%s\\n' "$_clincus_run" "\${20}" "$_clincus_deadline" >${guestDirectory}/session
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
