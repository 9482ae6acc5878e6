import { heredoc } from "./heredoc.ts"

/** Where the gateway keeps what sessions may reach: whole names, and ends of names. */
const directory = "/etc/haproxy/clincus"
const nameMap = `${directory}/names.map`
const endMap = `${directory}/ends.map`
const socket = "/run/haproxy/admin.sock"

/** Ranges that a name leads to only if the user has named it: what stands beside the machine is no Internet. */
const privateRanges =
  "10.0.0.0/8 100.64.0.0/10 168.63.129.16 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16 198.18.0.0/15"
/** Ranges that no name leads to: the gateway itself, link-local ones with metadata services, multicast. */
const neverRanges = "0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/3"

/** All sessions ask for one thing in the same way; `kind` is the group of haproxy's rules. */
const decision = (kind: "tcp-request content" | "http-request", when: string) => `
  ${kind} set-var(txn.key) var(txn.name),concat(:,sess.port,),concat(|,sess.src,)${when}
  ${kind} set-var(txn.rule) var(txn.key),map_str(${nameMap})${when}
  ${kind} set-var(txn.rule) var(txn.key),map_end(${endMap}) unless { var(txn.rule) -m found }
  ${kind} do-resolve(txn.ip,system,ipv4) var(txn.name) if { var(txn.rule) -m found }
  acl never var(txn.ip) -m ip ${neverRanges}
  acl private var(txn.ip) -m ip ${privateRanges}
  acl outer var(txn.rule) -m str outer
  ${kind} set-var(txn.verdict) str(passed) if { var(txn.ip) -m found } !never !private
  ${kind} set-var(txn.verdict) str(passed) if { var(txn.ip) -m found } !never private !outer
  ${kind} set-dst var(txn.ip) if { var(txn.verdict) -m found }
  ${kind} set-dst-port var(sess.port) if { var(txn.verdict) -m found }
`

const logged =
  "log-format \"clincus %[var(txn.verdict)] %[var(txn.rule)] %ci %[var(txn.name)] %[var(sess.to)] %[var(sess.port)]\""

/** What haproxy does: reads the name that is asked for, and connects to that name itself, or to nothing. */
const haproxy = (address: string) =>
  `global
  log /dev/log local0
  stats socket ${socket} mode 600 level admin
  user haproxy
  group haproxy
  maxconn 4000
defaults
  log global
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  timeout http-request 10s
  http-reuse never
resolvers system
  parse-resolv-conf
  resolve_retries 3
  timeout resolve 2s
  timeout retry 1s
  hold valid 10s
frontend tls
  mode tcp
  bind ${address}:443
  ${logged}
  tcp-request connection set-var(sess.src) src
  tcp-request connection set-var(sess.to) dst
  tcp-request connection set-var(sess.port) dst_port
  tcp-request inspect-delay 3s
  tcp-request content set-var(txn.name) req.ssl_sni,lower if { req.ssl_hello_type 1 }
${decision("tcp-request content", "")}
  tcp-request content reject unless { var(txn.verdict) -m found }
  default_backend tls
backend tls
  mode tcp
  server any 0.0.0.0:0
frontend web
  mode http
  bind ${address}:80
  ${logged}
  tcp-request connection set-var(sess.src) src
  tcp-request connection set-var(sess.to) dst
  tcp-request connection set-var(sess.port) int(80)
  http-request set-var(txn.name) req.hdr(host),host_only,lower
  http-request deny deny_status 405 if METH_CONNECT
${decision("http-request", "")}
  http-request return status 502 content-type text/plain lf-string "clincus: %[var(txn.name)] leads nowhere, or where no session may go\\n" if { var(txn.rule) -m found } !{ var(txn.verdict) -m found }
  http-request return status 403 content-type text/plain lf-string "clincus: %[var(txn.name)] is not open to this session\\n" unless { var(txn.verdict) -m found }
  default_backend web
backend web
  mode http
  server any 0.0.0.0:0
`

/** What passes by: nothing. Every TCP connection of a session ends at haproxy, whatever its destination. */
const nftables = `flush ruleset
table inet gateway {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth1" tcp dport 80 redirect to :80
    iifname "eth1" tcp dport != 80 redirect to :443
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    iifname "eth1" udp dport 53 accept
    iifname "eth1" tcp dport { 80, 443 } accept
    iifname "eth0" udp sport 67 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
}
`

/** Every name leads to the gateway, and no question goes further: so nothing is carried out by questions. */
const dnsmasq = (address: string) =>
  `no-resolv
no-hosts
bind-interfaces
listen-address=${address}
address=/#/${address}
`

const unit = `[Unit]
Description=Names for sessions of clincus
After=network.target
[Service]
ExecStart=/usr/sbin/dnsmasq --keep-in-foreground --conf-file=/etc/dnsmasq.conf
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
`

/**
 * Makes a gateway of a new container of the image, run by root in it: Debian's nftables, dnsmasq and haproxy. `address` is
 * that of `eth1`, where sessions are; `eth0` leads out.
 */
export const gatewayScript = (address: string): string => `
set -eu
export DEBIAN_FRONTEND=noninteractive
for ((i = 0; i < 150; i++)); do grep -q '^eth0[[:space:]]00000000' /proc/net/route && break; sleep 0.1; done
apt-get update -qq
apt-get install -qq -y --no-install-recommends haproxy dnsmasq-base nftables socat >/dev/null
${
  heredoc(
    "/etc/systemd/network/eth1.network",
    `[Match]\nName=eth1\n[Network]\nAddress=${address}/24\nLinkLocalAddressing=no`
  )
}
mkdir -p ${directory} /etc/systemd/journald.conf.d
touch ${nameMap} ${endMap}
${heredoc("/etc/systemd/journald.conf.d/clincus.conf", "[Journal]\nStorage=persistent\nSystemMaxUse=32M")}
${heredoc("/etc/nftables.conf", nftables)}
${heredoc("/etc/haproxy/haproxy.cfg", haproxy(address))}
${heredoc("/etc/dnsmasq.conf", dnsmasq(address))}
${heredoc("/etc/systemd/system/clincus-names.service", unit)}
systemctl restart systemd-journald
networkctl reload
networkctl reconfigure eth1
for ((i = 0; i < 100; i++)); do ip -4 -o address show dev eth1 | grep -q ' ${address}/' && break; sleep 0.1; done
haproxy -c -q -f /etc/haproxy/haproxy.cfg
systemctl daemon-reload
systemctl enable -q nftables clincus-names haproxy
systemctl restart nftables clincus-names haproxy
`

/**
 * Sets what the session with an address may reach, run by root in the gateway. Standard input: a line with the address, a
 * line with `set` or `add`, then a line for each: `name` or `end`, the key, the rule. The maps are replaced at once, in
 * memory and on the disk; haproxy takes no harm of it.
 */
export const admitScript = `
set -eu
read -r address
read -r how
exec 9>/run/clincus-admit
flock 9
ask() { printf '%b' "$1" | socat -t 5 - UNIX-CONNECT:${socket}; }
for map in ${nameMap} ${endMap}; do
  if [ "$how" = set ]; then grep -v -F -- "|$address " "$map" >"$map.new" || true; else cp "$map" "$map.new"; fi
done
while read -r kind entry; do
  case $kind in
    name) printf '%s\\n' "$entry" >>${nameMap}.new ;;
    end) printf '%s\\n' "$entry" >>${endMap}.new ;;
  esac
done
for map in ${nameMap} ${endMap}; do
  version=$(ask "prepare map $map\\n" | sed -n 's/.*: *\\([0-9][0-9]*\\).*/\\1/p')
  [ -n "$version" ]
  { printf 'add map @%s %s <<\\n' "$version" "$map"; cat "$map.new"; printf '\\n'; } | socat -t 5 - UNIX-CONNECT:${socket} >/dev/null
  ask "commit map @$version $map\\n" >/dev/null
  mv "$map.new" "$map"
done
`

/** Prints what sessions may reach: a line `NAME:PORT|ADDRESS RULE` for each, in which a name for all below it begins with a dot. */
export const namesScript = `cat ${nameMap} ${endMap}`

/**
 * Prints what haproxy has said, newest last: a JSON document of journald's in each line. With `--grep` journalctl would fail
 * where nothing was asked for yet.
 */
export const logScript = (lines: number): string =>
  `journalctl -q -t haproxy -o json --output-fields=MESSAGE --no-pager -n ${lines}`
