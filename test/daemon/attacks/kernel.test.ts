import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { IncusService } from "../../../src/incus/IncusService.ts"
import * as Library from "../support/library.ts"
import { inside } from "../support/look.ts"
import { incus, ownProject } from "../support/ownDaemon.ts"
import { background, run } from "../support/program.ts"
import { World } from "../support/World.ts"

/** Tries system calls by their numbers (x86-64, arm64) and prints how each failed. */
const tries = `python3 - <<'END'
import ctypes, errno, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == "aarch64"
for name, number in [("io_uring_setup", 425), ("io_uring_enter", 426), ("io_uring_register", 427),
    ("bpf", 280 if arm else 321), ("userfaultfd", 282 if arm else 323), ("perf_event_open", 241 if arm else 298),
    ("add_key", 217 if arm else 248), ("request_key", 218 if arm else 249), ("keyctl", 219 if arm else 250),
    ("getpid", 172 if arm else 39)]:
    ctypes.set_errno(0)
    done = libc.syscall(number, 0, 0, 0, 0, 0) >= 0
    print(name, "done" if done else errno.errorcode[ctypes.get_errno()])
for name, family, kind in [("AF_ALG", 38, 5), ("AF_VSOCK", 40, 1), ("AF_UNIX", 1, 1)]:
    try:
        socket.socket(family, kind)
        print(name, "done")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
END`

describe("root in a container", () => {
  Library.test("cannot call what ways out are made of, nor Incus, nor outlive the host's programs", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const { container } = yield* background(workspace(), "--debug")
      expect((yield* inside(container, tries)).trim().split("\n")).toEqual([
        "io_uring_setup ENOSYS",
        "io_uring_enter ENOSYS",
        "io_uring_register ENOSYS",
        "bpf ENOSYS",
        "userfaultfd ENOSYS",
        "perf_event_open ENOSYS",
        "add_key ENOSYS",
        "request_key ENOSYS",
        "keyctl ENOSYS",
        // The control.
        "getpid done",
        "AF_ALG EAFNOSUPPORT",
        "AF_VSOCK EAFNOSUPPORT",
        "AF_UNIX done"
      ])
      expect(yield* inside(container, "[ -e /dev/incus ] || echo none")).toBe("none\n")
      const rank = yield* inside(
        container,
        "cat /proc/self/oom_score_adj; bash -c 'echo -1 > /proc/self/oom_score_adj' || bash -c 'echo 600 > /proc/self/oom_score_adj; cat /proc/self/oom_score_adj'"
      )
      expect(rank).toBe("500\n600\n")
    }))

  Library.test("is nobody outside whatever the machine's profiles say, and has their devices no more than their rights", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const { instances } = yield* IncusService
      const project = yield* ownProject
      const elsewhere = ["--project", project]
      const profile = (...args: ReadonlyArray<string>) => incus({}, "profile", ...args, ...elsewhere)
      yield* profile("device", "add", "default", "root", "disk", "path=/", "pool=default")
      yield* profile("create", "clincus")
      yield* profile("set", "default", "security.privileged=true", "security.nesting=true")
      yield* profile(
        "device",
        "add",
        "default",
        "etc",
        "disk",
        "source=/etc",
        "path=/host-etc",
        "readonly=true"
      )
      yield* profile("device", "add", "default", "tty", "unix-char", "path=/dev/kmsg", "source=/dev/null")
      // The control: what stands in the profile of sessions is there.
      yield* profile(
        "device",
        "add",
        "clincus",
        "usr",
        "disk",
        "source=/usr",
        "path=/host-usr",
        "readonly=true"
      )
      const environment = { INCUS_PROJECT: project }
      const begun = yield* run(["shell", "--background", "--debug", "--format", "json"], {
        directory: workspace(),
        environment
      })
      expect(begun).toMatchObject({ status: 0 })
      const { container } = JSON.parse(begun.stdout)
      const seen = yield* incus(
        {},
        "exec",
        container,
        ...elsewhere,
        "--",
        "sh",
        "-c",
        "ls -d /host-etc /host-usr /dev/kmsg; cut -c1-22 /proc/self/uid_map"
      ).pipe(Effect.catchAllDefect((defect) => Effect.succeed(String(defect))))
      expect(seen).not.toContain("         0          0")
      const expanded = yield* incus({}, "config", "show", container, "--expanded", ...elsewhere)
      expect(expanded).toContain("security.privileged: \"false\"")
      expect(expanded).toContain("security.nesting: \"false\"")
      const look = (path: string) =>
        incus(
          {},
          "exec",
          container,
          ...elsewhere,
          "--",
          "sh",
          "-c",
          `[ -e ${path} ] && echo there || echo not`
        )
      expect(yield* look("/host-etc")).toBe("not\n")
      expect(yield* look("/host-usr")).toBe("there\n")
      expect(expanded).toMatch(/tty:\n +type: none/)
      yield* incus({}, "delete", "--force", container, ...elsewhere)
      yield* profile("set", "default", "raw.seccomp=2\ndenylist\n[all]\n")
      const refused = yield* run(["shell", "--background", "--debug"], {
        directory: workspace(),
        environment
      })
      expect(refused).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("the Incus profile 'default' sets raw.seccomp")
      })
      expect(refused.stderr).toContain("incus profile unset default raw.seccomp")
      expect((yield* instances.listAll).filter((one) => one.project === project)).toEqual([])
    }))
})
