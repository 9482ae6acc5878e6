import type { Probe } from "./Probe.ts"

// An attempt that needs a program which is not there fails, and says nothing by that. So each uses what every image has:
// bash and coreutils; what goes further stands beside a way that needs no more.

export const hostFiles: Probe = {
  name: "host-files",
  title: "Files of this machine",
  promise: "a session reads no file of this machine but those that it was given",
  as: ["user", "root"],
  attempt: {
    lines: `
ln -s "$SECRET" "$WORKSPACE/link"
for path in "$SECRET" "$WORKSPACE/link" "$WORKSPACE/../secret" /proc/1/root"$SECRET" /proc/*/root"$SECRET" \\
  /dev/.lxc/proc/1/root"$SECRET" /dev/.lxc/proc/*/root"$SECRET"; do
  cat "$path"
done
rm -f "$WORKSPACE/link"
`,
    proof: { kind: "says" }
  },
  control: { lines: "cat \"$WORKSPACE/given\"", proof: { kind: "says" } }
}

export const hostDisk: Probe = {
  name: "host-disk",
  title: "Disks of this machine",
  promise: "a session reads no disk of this machine as a device",
  as: ["root"],
  attempt: {
    lines: `
at=$(mktemp -d)
mknod "$at/disk" b $DISK
for disk in "$at/disk" /dev/sd? /dev/vd? /dev/nvme?n? /dev/loop?; do
  [ "$(head -c 512 "$disk" | wc -c)" = 512 ] && printf %s "$TOKEN"
done
rm -rf "$at"
`,
    proof: { kind: "says" }
  },
  control: {
    lines: "[ \"$(head -c 512 /dev/zero | wc -c)\" = 512 ] && printf %s \"$TOKEN\"",
    proof: { kind: "says" }
  }
}

export const setUid: Probe = {
  name: "set-uid",
  title: "Programs of root",
  promise: "root in a session leaves no program that runs as root on this machine",
  as: ["root"],
  attempt: {
    lines: `
cp /bin/true "$WORKSPACE/roots" && chown 0:0 "$WORKSPACE/roots"
chmod 4755 "$WORKSPACE/roots"
`,
    proof: { kind: "setuid", path: "roots", root: true }
  },
  control: {
    lines: "cp /bin/true \"$WORKSPACE/set\" && chmod 4755 \"$WORKSPACE/set\"",
    proof: { kind: "setuid", path: "set", root: false }
  },
  opened: { key: "security.root_on_mounts", value: true }
}

/** Opens a file for writing and writes nothing, so that the machine stays as it is if that is let through. */
const open = (path: string): string => `[ -e ${path} ] && ( : >>${path} ) && printf %s "$TOKEN"`

export const kernelSettings: Probe = {
  name: "kernel-settings",
  title: "The kernel's settings",
  promise:
    "a session changes no setting of this machine's kernel, and names no program that the kernel runs as root",
  as: ["root"],
  attempt: {
    lines: `
for path in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug \\
  /proc/sys/vm/drop_caches /proc/sysrq-trigger /sys/kernel/uevent_helper /sys/kernel/mm/transparent_hugepage/enabled \\
  /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent; do
  ${open("\"$path\"")}
  unshare -Urm bash -c '${open("\"$1\"").replaceAll("'", "'\\''")}' bash "$path"
done
at=$(mktemp -d)
for kind in memory pids rdma misc; do
  mount -t cgroup -o $kind none "$at" && { ${open("\"$at/release_agent\"")}; umount "$at"; }
done
rmdir "$at"
`,
    proof: { kind: "says" }
  },
  // A setting of the container's own network is its to change.
  control: { lines: open("/proc/sys/net/ipv4/ip_forward"), proof: { kind: "says" } }
}

/** Incus's own door to the outside tells where things are on the host. */
export const guestApi: Probe = {
  name: "guest-api",
  title: "Incus",
  promise: "a session finds no door to Incus",
  as: ["user", "root"],
  attempt: {
    lines: `
for socket in /dev/incus/sock /dev/lxd/sock /var/lib/incus/unix.socket /run/incus/unix.socket; do
  [ -S "$socket" ] && printf %s "$TOKEN"
done
`,
    proof: { kind: "says" }
  },
  // The system may still be on its way up.
  control: {
    lines: `
for _ in {1..80}; do
  [ -S /run/dbus/system_bus_socket ] && printf %s "$TOKEN" && break
  sleep 0.1
done
`,
    proof: { kind: "says" }
  }
}
