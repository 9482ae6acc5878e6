import { lxcKey } from "./files/lxc.ts"
import { type Inherited, weakens } from "./profiles.ts"

/** How sessions meet the kernel: see docs/decisions/kernel.md. */

const noSuchCall = 38
const noSuchFamily = 97

/**
 * System calls that ways out of containers have used and tools of developers do without: where there is no such call
 * (ENOSYS) they take another way, as libuv, runc and systemd do. In the language of lxc.seccomp.
 */
const calls: ReadonlyArray<string> = [
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "bpf",
  "userfaultfd",
  "perf_event_open",
  "keyctl",
  "add_key",
  "request_key",
  "kexec_file_load"
]

/** Families of sockets that no network namespace bounds (40, AF_VSOCK, leads to the machine), or that need not be reached. */
const families: ReadonlyArray<number> = [38, /* AF_ALG */ 40]

export const deniedCalls = [
  ...calls.map((name) => `${name} errno ${noSuchCall}`),
  ...families.map((family) => `socket errno ${noSuchFamily} [0,${family},SCMP_CMP_EQ]`)
].join("\n")

/**
 * Instance options of a session: unprivileged, without Incus's own door to the outside, the calls above denied. Where the
 * whole machine has no memory left, a session goes before programs of the host; one that wants to be evil can lower
 * itself to their rank, no further. `docker` allows containers in it. What its profiles say to the contrary is taken
 * back.
 */
export const kernelOf = (
  docker: boolean,
  { config }: Pick<Inherited, "config">
): Record<string, string> => ({
  ...Object.fromEntries(Object.keys(config).filter(weakens).map((key) => [key, "false"])),
  "security.privileged": "false",
  "security.nesting": String(docker),
  "security.guestapi": "false",
  "security.syscalls.deny_default": "true",
  "security.syscalls.deny": deniedCalls,
  ...(docker
    ? { "security.syscalls.intercept.mknod": "true", "security.syscalls.intercept.setxattr": "true" }
    : {}),
  [lxcKey]: "lxc.proc.oom_score_adj = 500"
})
