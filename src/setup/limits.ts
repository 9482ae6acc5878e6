import * as Effect from "effect/Effect"
import type { Machine } from "./machine.ts"
import { done, needed, type Step } from "./Step.ts"
import {
  bootOrder,
  isReadOnly,
  lastSetting,
  mapsAllIds,
  nameOf,
  settingsOf,
  sysctlDirectories,
  type SysctlFile
} from "./sysctl.ts"

const dropIn = `${sysctlDirectories[0]}/60-clincus.conf`

/**
 * The kernel's limits that many containers at a time run into. A container takes about nine instances of inotify, all
 * counted against root of the machine, and file watchers of tools take watches.
 */
const limits: ReadonlyArray<{ readonly key: string; readonly least: number }> = [
  { key: "fs.inotify.max_user_instances", least: 8192 },
  { key: "fs.inotify.max_user_watches", least: 524_288 }
]

const directory = "/proc/sys/fs/inotify"
const fileOf = (key: string): string => `/proc/sys/${key.replaceAll(".", "/")}`

const comment = `# Written by 'clincus setup'. Every container takes about nine of root's inotify
# instances: where there are only 128, the 13th or so has no network.
`

/** The drop-in with more settings; what stands in it already stays, and no value gets less. */
const dropInText = (before: string, added: ReadonlyArray<readonly [string, number]>): string => {
  const settings = new Map(settingsOf(before))
  for (const [key, value] of added) {
    settings.set(key, String(Math.max(value, Number.parseInt(settings.get(key) ?? "0", 10) || 0)))
  }
  return `${comment}${[...settings].map(([key, value]) => `${key} = ${value}\n`).join("")}`
}

const bootFiles = (machine: Machine): Effect.Effect<ReadonlyArray<SysctlFile>> =>
  Effect.forEach(
    sysctlDirectories,
    (one) => Effect.map(machine.list(one), (names) => names.map((name) => `${one}/${name}`))
  ).pipe(
    Effect.flatMap((paths) =>
      Effect.forEach(
        bootOrder(paths.flat()),
        (path) => Effect.map(machine.read(path), (text) => ({ path, text }))
      )
    )
  )

/** The kernel's limits are high enough for many sessions, now and after the next start of the machine. */
export const limitsStep = (machine: Machine): Step => ({
  name: "limits",
  title: "Kernel limits",
  check: Effect.gen(function*() {
    const current = yield* Effect.forEach(
      limits,
      ({ key, least }) =>
        Effect.map(machine.read(fileOf(key)), (text) => ({ key, least, value: Number.parseInt(text, 10) }))
    )
    if (current.some(({ value }) => Number.isNaN(value))) {
      return done("not known", `${directory} cannot be read, so the limits of inotify are left as they are`)
    }
    const shown = (values: typeof current) => values.map(({ key, value }) => `${key} is ${value}`).join(", ")
    const low = current.filter(({ least, value }) => value < least)

    const files = yield* bootFiles(machine)
    const others = files.filter(({ path }) => path !== dropIn)
    const later = others.filter(({ path }) => nameOf(path) > nameOf(dropIn))
    const lowered = limits.flatMap(({ key, least }) => {
      const setting = lastSetting(later, key)
      return setting === undefined || setting.value >= least ? [] : [
        `${setting.path} lowers ${key} to ${setting.value} whenever this machine starts; make it ${least} there`
      ]
    })
    const warning = lowered.length === 0 ? undefined : lowered.join("\n")
    if (low.length === 0) return done(shown(current), warning)

    /** Higher than needed if another file asks for more: never less than the machine would have anyway. */
    const targets = low.map(({ key, least }) =>
      [key, Math.max(least, lastSetting(others, key)?.value ?? 0)] as const
    )
    const settings = targets.map(([key, value]) => `${key}=${value}`)
    const changeable = mapsAllIds(yield* machine.read("/proc/self/uid_map"))
      && !isReadOnly(yield* machine.read("/proc/self/mounts"), directory)
    if (!changeable) {
      return done(
        `${shown(low)}, which cannot be changed from here`,
        `${
          shown(low)
        }: many sessions at a time may have no network or not start, and this is a container that may not `
          + `change it. On the machine outside: sudo sysctl -w ${settings.join(" ")}`
      )
    }

    const lasting = targets.filter(([key, value]) => (lastSetting(files, key)?.value ?? 0) < value)
    const program = yield* machine.program("sysctl")
    return needed(
      `${shown(low)}: many sessions at a time would have no network or not start`,
      [
        ...(lasting.length === 0 ? [] : [
          ...((yield* machine.exists(sysctlDirectories[0]))
            ? []
            : [machine.asRoot("mkdir", "-p", sysctlDirectories[0])]),
          machine.write(
            dropIn,
            dropInText(files.find(({ path }) => path === dropIn)?.text ?? "", lasting)
          )
        ]),
        ...(program._tag === "Some"
          ? [machine.asRoot("sysctl", "-w", ...settings)]
          : targets.map(([key, value]) => machine.write(fileOf(key), `${value}\n`)))
      ],
      warning
    )
  })
})
