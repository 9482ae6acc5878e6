import type { Probe } from "./Probe.ts"

export const hostServices: Probe = {
  name: "host-services",
  title: "Services of this machine",
  promise: "a session reaches no service of this machine that was not opened to it",
  as: ["user", "root"],
  attempt: {
    lines: `
gateway=$(while read -r _ to via _; do [ "$to" = 00000000 ] && printf '%d.%d.%d.%d\\n' \\
  "0x\${via:6:2}" "0x\${via:4:2}" "0x\${via:2:2}" "0x\${via:0:2}"; done </proc/net/route)
for address in $ADDRESSES $gateway; do
  timeout 1 bash -c 'exec 3<>/dev/tcp/"$1"/"$2" && cat <&3' bash "$address" "$PORT" &
done
wait
`,
    proof: { kind: "says" }
  },
  // Without a network nothing is reached, and nothing is proved. The container may still be getting its address.
  control: {
    lines: `
routed() { while read -r _ to _; do [ "$to" = 00000000 ] && return; done </proc/net/route; return 1; }
if [ -e /sys/class/net/eth0 ]; then
  for _ in {1..80}; do routed && break; sleep 0.1; done
  routed || exit
fi
python3 - <<'END' &
import os, socket
with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as server:
    server.settimeout(5)
    client, _ = server.accept()
    client.sendall(os.environ["TOKEN"].encode())
    client.close()
END
for _ in {1..40}; do
  timeout 1 bash -c 'exec 3<>/dev/tcp/127.0.0.1/"$PORT" && cat <&3' && break
  sleep 0.1
done
wait
`,
    proof: { kind: "says" }
  },
  opened: { key: "network.mode", value: "open" }
}
