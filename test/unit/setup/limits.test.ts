import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { limitsStep } from "../../../src/setup/limits.ts"
import { bootOrder, isReadOnly, lastSetting, mapsAllIds, settingsOf } from "../../../src/setup/sysctl.ts"
import { fakeMachine, perform, warningOf } from "./fakeMachine.ts"

const instances = "/proc/sys/fs/inotify/max_user_instances"
const watches = "/proc/sys/fs/inotify/max_user_watches"
const dropIn = "/etc/sysctl.d/60-clincus.conf"
const wholeMachine = {
  "/proc/self/uid_map": "         0          0 4294967295\n",
  "/proc/self/mounts": "overlay / overlay rw 0 0\nproc /proc proc rw,nosuid 0 0\n"
}

const setting = (
  values: { readonly instances: number; readonly watches: number },
  files: Readonly<Record<string, string>> = {},
  programs = ["sysctl"]
) => {
  const fake = fakeMachine({
    files: {
      ...wholeMachine,
      [instances]: `${values.instances}\n`,
      [watches]: `${values.watches}\n`,
      "/etc/sysctl.d/README": "fs.inotify.max_user_instances = 1",
      ...files
    },
    programs
  })
  return { ...fake, step: limitsStep(fake.machine) }
}

it("reads what a file sets, however it is written", () => {
  const text = "# a = 1\n; b = 2\n-c.d = 3\n  e/f=4 \ng =\nc.d = 5\nnonsense\n=6\n"
  expect([...settingsOf(text)]).toEqual([["c.d", "5"], ["e.f", "4"], ["g", ""]])
})

it("reads files by name, and of two with one name the first", () => {
  expect(
    bootOrder(["/etc/s/60-b.conf", "/etc/s/README", "/usr/s/10-a.conf", "/usr/s/60-b.conf", "/usr/s/99.conf"])
  )
    .toEqual(["/usr/s/10-a.conf", "/etc/s/60-b.conf", "/usr/s/99.conf"])
  const files = [{ path: "1", text: "k = 1" }, { path: "2", text: "k = 2" }, {
    path: "3",
    text: "k = x\nl = 3"
  }]
  expect(lastSetting(files, "k")).toEqual({ path: "2", value: 2 })
  expect(lastSetting(files, "m")).toBeUndefined()
})

it("sees where the kernel cannot be told anything", () => {
  const docker = "overlay / overlay rw 0 0\nproc /proc proc rw 0 0\nproc /proc/sys proc ro,nosuid 0 0\n"
  expect(isReadOnly(docker, "/proc/sys/fs")).toBe(true)
  expect(isReadOnly(`${docker}proc /proc/sys proc rw 0 0\n`, "/proc/sys/fs")).toBe(false)
  expect(isReadOnly(docker, "/proc/system")).toBe(false)
  expect(isReadOnly("x / ext4 ro 0 0", "/proc/sys/fs")).toBe(true)
  expect(isReadOnly("", "/proc/sys/fs")).toBe(false)
  expect(mapsAllIds(wholeMachine["/proc/self/uid_map"])).toBe(true)
  expect(mapsAllIds("0 1000000 1000000000\n")).toBe(false)
})

it.effect("raises what is too low, for now and for the next start, once", () =>
  Effect.gen(function*() {
    const { files, step } = setting({ instances: 128, watches: 192_536 })
    const { after, commands } = yield* perform(step)
    expect(commands).toEqual([
      `tee ${dropIn}`,
      "sysctl -w fs.inotify.max_user_instances=8192 fs.inotify.max_user_watches=524288"
    ])
    expect(files.get(dropIn)).toMatch(/^# Written by 'clincus setup'/)
    expect([...settingsOf(files.get(dropIn) ?? "")]).toEqual([
      ["fs.inotify.max_user_instances", "8192"],
      ["fs.inotify.max_user_watches", "524288"]
    ])
    expect(after).toEqual({
      _tag: "Done",
      detail: "fs.inotify.max_user_instances is 8192, fs.inotify.max_user_watches is 524288"
    })
    expect((yield* perform(step)).commands).toEqual([])
  }))

it.effect("leaves alone what is high enough", () =>
  Effect.gen(function*() {
    const one = setting({ instances: 128, watches: 1_000_000 })
    expect((yield* perform(one.step)).commands.at(-1)).toBe("sysctl -w fs.inotify.max_user_instances=8192")
    expect(one.files.get(dropIn)).not.toContain("max_user_watches")
    expect(one.files.get(watches)).toBe("1000000\n")
    const both = yield* perform(setting({ instances: 8192, watches: 524_288 }).step)
    expect(both.before._tag).toBe("Done")
    expect(warningOf(both.before)).toBe("")
  }))

it.effect("keeps what stands in its file, and lowers nothing that another file sets", () =>
  Effect.gen(function*() {
    const { files, step } = setting({ instances: 128, watches: 8192 }, {
      [dropIn]: "fs.inotify.max_user_instances = 10000\nkernel.other = 1\n",
      "/usr/lib/sysctl.d/10-inotify.conf": "fs.inotify.max_user_watches = 1048576\n"
    })
    const { commands } = yield* perform(step)
    expect(commands).toEqual([
      "sysctl -w fs.inotify.max_user_instances=8192 fs.inotify.max_user_watches=1048576"
    ])
    expect(files.get(dropIn)).toContain("max_user_instances = 10000")

    const lost = setting({ instances: 128, watches: 600_000 }, {
      [dropIn]: "fs.inotify.max_user_watches = 524288\nkernel.other = 1\n"
    })
    yield* perform(lost.step)
    expect([...settingsOf(lost.files.get(dropIn) ?? "").values()]).toEqual(["524288", "1", "8192"])
  }))

it.effect("names a file that lowers a limit again, before and after", () =>
  Effect.gen(function*() {
    const { step } = setting({ instances: 128, watches: 600_000 }, {
      "/etc/sysctl.d/10-incus-inotify.conf": "fs.inotify.max_user_instances = 1024\n",
      "/etc/sysctl.d/99-local.conf":
        "fs/inotify/max_user_instances=256\nfs.inotify.max_user_watches = 600000\n"
    })
    const { after, before } = yield* perform(step)
    const warning = "/etc/sysctl.d/99-local.conf lowers fs.inotify.max_user_instances to 256"
    expect(warningOf(before)).toContain(warning)
    expect(warningOf(after)).toContain(warning)
    expect(warningOf(after)).not.toContain("10-incus-inotify")
    expect(warningOf(after)).not.toContain("max_user_watches")
  }))

it.effect.each<Readonly<Record<string, string>>>([
  { "/proc/self/mounts": "proc /proc/sys proc ro 0 0\n" },
  { "/proc/self/uid_map": "0 1000000 1000000000\n" }
])("only warns in a container that may not change them: %j", (files) =>
  Effect.gen(function*() {
    const { before } = yield* perform(setting({ instances: 128, watches: 600_000 }, files).step)
    expect(before._tag).toBe("Done")
    expect(warningOf(before)).toContain("sudo sysctl -w fs.inotify.max_user_instances=8192")
  }))

it.effect("only warns where the limits cannot be read", () =>
  Effect.gen(function*() {
    const { machine } = fakeMachine({ files: wholeMachine })
    const { before } = yield* perform(limitsStep(machine))
    expect(before._tag).toBe("Done")
    expect(warningOf(before)).toContain("/proc/sys/fs/inotify cannot be read")
  }))

it.effect("does without sysctl(8)", () =>
  Effect.gen(function*() {
    const { files, step } = setting({ instances: 128, watches: 600_000 }, {}, [])
    const { after, commands } = yield* perform(step)
    expect(commands).toEqual([`tee ${dropIn}`, `tee ${instances}`])
    expect(files.get(instances)).toBe("8192\n")
    expect(after._tag).toBe("Done")
  }))
