import { heredoc } from "./heredoc.ts"
import { sessionUnit } from "./watch.ts"

/**
 * What is done inside the build container, one shell script a step. Both bases go through it, so it supposes no more
 * than a Debian 12 with systemd, apt and a network card `eth0`.
 *
 * Every script is wrapped by `scriptOf` of `buildScript.ts`, which has functions for it.
 */
export interface ProvisionStep {
  /** What the user reads while it runs. */
  readonly title: string
  readonly script: string
}

/** Packages of the image beside those that a base brings along. */
const packages = [
  // a system that boots and gets an address
  "systemd systemd-sysv systemd-resolved dbus udev libpam-systemd libnss-myhostname",
  // what a person expects in a terminal
  "sudo tmux ncurses-term kitty-terminfo foot-terminfo less procps psmisc iproute2 iputils-ping file nano vim-tiny bash-completion tzdata lsof",
  // what a coding tool reaches for
  "git gh ripgrep jq curl openssh-client patch unzip zip xz-utils rsync",
  "build-essential pkg-config python3 python3-venv python3-pip python-is-python3"
].join(" ")

/** Units that cost start-up time or wake a short-lived container for nothing. */
const masked = [
  "apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service",
  "fstrim.timer logrotate.timer man-db.timer",
  "console-getty.service getty@tty1.service getty-static.service getty.target",
  "systemd-networkd-wait-online.service systemd-network-generator.service",
  "systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-random-seed.service",
  "systemd-rfkill.service systemd-rfkill.socket systemd-binfmt.service proc-sys-fs-binfmt_misc.automount",
  "systemd-journal-flush.service systemd-update-utmp.service systemd-update-utmp-runlevel.service",
  "systemd-modules-load.service modprobe@.service kmod-static-nodes.service",
  "systemd-sysusers.service ldconfig.service systemd-initctl.socket",
  "dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount",
  "sys-fs-fuse-connections.mount"
].join(" ")

/** The network configuration of the image; a base that is made here needs it before its first boot as well. */
export const networkFile = `[Match]
Name=eth0

[Network]
DHCP=yes
LinkLocalAddressing=ipv6

[DHCPv4]
ClientIdentifier=mac
UseDomains=yes
UseHostname=no
`

const prepare = `
for _ in $(seq 150); do
  if grep -q '^eth0[[:space:]]00000000' /proc/net/route; then break; fi
  sleep 0.1
done
grep -q '^eth0[[:space:]]00000000' /proc/net/route || {
  echo "the build container got no address by DHCP within 15 s" >&2
  exit 1
}
# Manuals and translations are a third of the unpacking; licences stay.
${
  heredoc(
    "/etc/dpkg/dpkg.cfg.d/clincus",
    `path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/lintian/*`
  )
}
# Over plain http and signed, a mirror needs no certificate; one over https is asked again after the certificates are in.
if ! command -v update-ca-certificates >/dev/null; then
  apt_get update
  apt_get install ca-certificates
fi
update-ca-certificates
apt_get update -o APT::Update::Error-Mode=any
`

/** Prints what the registry has of Node. */
export const packumentScript = `
arch=$(dpkg --print-architecture)
curl -fsSL --retry 3 "$REGISTRY/node-linux-\${arch/amd64/x64}"
`

/** Prints the registry that Debian's own npm would use, for machines without npm. Slow, for it installs that npm. */
export const registryScript = `
apt_get install npm >&2
npm config get registry
apt_get purge npm nodejs >&2
apt_get autoremove --purge >&2
`

const install = `
apt_get install ${packages}
`

const node = `
arch=$(dpkg --print-architecture)
case $arch in
  amd64) arch=x64 ;;
  arm64) ;;
  *) echo "there is no Node for $arch in the registry" >&2; exit 1 ;;
esac
registry_package "node-linux-$arch" "$NODE_VERSION" /tmp/node
rm -rf /tmp/node/share/doc /tmp/node/share/man
cp -a /tmp/node/bin /tmp/node/include /tmp/node/share /usr/local/
registry_package npm latest /usr/local/lib/node_modules/npm
ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ln -sf ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
chmod 755 /usr/local/lib/node_modules/npm/bin/*-cli.js
rm -rf /tmp/node /usr/local/lib/node_modules/npm/man /usr/local/lib/node_modules/npm/docs
mkdir -p /usr/local/etc
printf 'cafile=/etc/ssl/certs/ca-certificates.crt\\nregistry=%s/\\nfund=false\\nupdate-notifier=false\\n' "$REGISTRY" \\
  > /usr/local/etc/npmrc
node --version
npm --version
`

/**
 * npm would bring every variant of a tool's binary that may fit and link one of them over the launcher. Here the
 * launcher comes alone and the one right binary takes its place: half the download, half the image.
 */
const tools = `
arch=$(dpkg --print-architecture)
[ "$arch" = amd64 ] && arch=x64
modules=/usr/local/lib/node_modules

tool() { # LAUNCHER PACKAGE FILE
  local version name binary
  registry_package "$1" latest "$modules/$1"
  version=$(jq -r .version "$modules/$1/package.json")
  name=$(jq -r '.bin | keys[0]' "$modules/$1/package.json")
  binary=$modules/$1/$(jq -r '.bin | .[keys[0]] | ltrimstr("./")' "$modules/$1/package.json")
  registry_package "$2" "$version" /tmp/tool
  mkdir -p "$(dirname "$binary")"
  mv -f "/tmp/tool/$3" "$binary"
  chmod 755 "$binary"
  ln -sf "$(realpath --relative-to=/usr/local/bin "$binary")" "/usr/local/bin/$name"
  rm -rf /tmp/tool
}
tool @anthropic-ai/claude-code "@anthropic-ai/claude-code-linux-$arch" claude
# The usual build of opencode needs AVX2.
baseline=
if [ "$arch" = x64 ] && ! grep -qw avx2 /proc/cpuinfo; then baseline=-baseline; fi
tool opencode-ai "opencode-linux-$arch$baseline" bin/opencode
claude --version
opencode --version
rm -rf /root/.npm /root/.claude* /root/.config /root/.local /root/.cache
`

const settle = `
userdel -r debian 2>/dev/null || true
if ! id code >/dev/null 2>&1; then
  groupadd -g 1000 code
  useradd -m -u 1000 -g 1000 -G sudo,adm -s /bin/bash code
fi
install -d -o code -g code /home/code/.local /home/code/.local/share /home/code/.local/state /home/code/.config /home/code/.cache
printf 'code ALL=(ALL) NOPASSWD:ALL\\nDefaults env_keep += "NODE_EXTRA_CA_CERTS"\\n' > /etc/sudoers.d/clincus
chmod 440 /etc/sudoers.d/clincus

echo 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' >> /etc/environment
echo 'export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' > /etc/profile.d/clincus.sh
echo 'LANG=C.UTF-8' > /etc/default/locale

rm -f /etc/systemd/network/*
${heredoc("/etc/systemd/network/eth0.network", networkFile)}
mkdir -p /etc/systemd/resolved.conf.d /etc/systemd/system.conf.d /etc/systemd/journald.conf.d /etc/systemd/logind.conf.d
${heredoc("/etc/systemd/resolved.conf.d/clincus.conf", "[Resolve]\nLLMNR=no\nMulticastDNS=no")}
${
  heredoc(
    "/etc/systemd/system.conf.d/clincus.conf",
    "[Manager]\nDefaultTimeoutStopSec=2s\nDefaultEnvironment=NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\nShowStatus=no"
  )
}
${
  heredoc(
    "/etc/systemd/journald.conf.d/clincus.conf",
    "[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\nForwardToSyslog=no\nAudit=no"
  )
}
# Debian empties /tmp while it boots, which may be after the session's tmux has made its socket there.
${heredoc("/etc/tmpfiles.d/tmp.conf", "d /tmp 1777 root root -")}
# networkd waits until udev has seen the network card; the host's other devices are none of the container's business.
mkdir -p /etc/systemd/system/systemd-udev-trigger.service.d
${
  heredoc(
    "/etc/systemd/system/systemd-udev-trigger.service.d/clincus.conf",
    "[Service]\nExecStart=\nExecStart=udevadm trigger --type=devices --subsystem-match=net --action=add"
  )
}
${heredoc("/etc/systemd/system/clincus-session.service", sessionUnit)}
systemctl enable systemd-networkd systemd-resolved clincus-session
systemctl disable systemd-timesyncd 2>/dev/null || true
systemctl set-default multi-user.target
systemctl mask ${masked}
ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
`

const clean = `
apt_get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/journal /tmp/* /var/tmp/* /root/.bash_history
find /var/log -type f -exec truncate -s 0 {} +
find / -xdev -name __pycache__ -type d -prune -exec rm -rf {} +
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/hostname
sync
`

/** The steps in their order. `node` and what follows need `NODE_VERSION` and `REGISTRY`. */
export const steps = {
  prepare: { title: "Preparing the container", script: prepare },
  install: { title: "Installing packages", script: install },
  node: { title: "Installing Node", script: node },
  tools: { title: "Installing claude and opencode", script: tools },
  settle: { title: "Settling users, network and services", script: settle },
  clean: { title: "Cleaning up", script: clean }
} as const satisfies Record<string, ProvisionStep>
