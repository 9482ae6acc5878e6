import { guestDirectory } from "./paths.ts"
import { limit } from "./timeLimit.ts"

/** The variable of the container's init that says which run it was started for; see `Session`. */
export const runVariable = "CLINCUS_RUN"
export const unitName = "clincus-session.service"

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
export const watch = `cd ${guestDirectory} || exit 77
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
until { read -r of && read -r at && read -r deadline; } 2>/dev/null <session && [ "$of" = "$run" ]; do sleep 0.3; done
[ "$at" = "$(started)" ] || finish
for _ in {1..200}; do [ ! -s pane.pid ] || break; sleep 0.1; done
pane=$(<pane.pid) || finish
kill -0 "$pane" || finish
${limit}
[ "$deadline" = 0 ] || limit &
read -r -d '' _ <alive &
reader=$!
sleep 1
# It may have ended just before the pipe was opened, which then waits for ever.
kill -0 "$pane" || finish
wait "$reader"
finish
`
