/** A file of sysctl.d(5). */
export interface SysctlFile {
  readonly path: string
  readonly text: string
}

/** Where such files are; of two with one name, the one in the directory that stands first here is read. */
export const sysctlDirectories = [
  "/etc/sysctl.d",
  "/run/sysctl.d",
  "/usr/local/lib/sysctl.d",
  "/usr/lib/sysctl.d",
  "/lib/sysctl.d"
] as const

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** The files that count, in the order in which the machine reads them when it starts: by name, whatever the directory. */
export const bootOrder = (paths: ReadonlyArray<string>): ReadonlyArray<string> => {
  const chosen = new Map<string, string>()
  for (const path of paths) {
    const name = nameOf(path)
    if (name.endsWith(".conf") && !chosen.has(name)) chosen.set(name, path)
  }
  return [...chosen.entries()].toSorted(([one], [other]) => one < other ? -1 : 1).map(([, path]) => path)
}

/** What a file sets, by key (`fs.inotify.max_user_watches`); the last line for a key counts. */
export const settingsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split("\n").flatMap((line) => {
      const found = /^\s*-?([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line)
      const [, key, value] = found ?? []
      return key === undefined || value === undefined ? [] : [[key.replaceAll("/", "."), value] as const]
    })
  )

/** The last of the files that sets a key to a number, with that number. */
export const lastSetting = (
  files: ReadonlyArray<SysctlFile>,
  key: string
): { readonly path: string; readonly value: number } | undefined =>
  files.flatMap(({ path, text }) => {
    const value = Number.parseInt(settingsOf(text).get(key) ?? "", 10)
    return Number.isNaN(value) ? [] : [{ path, value }]
  }).at(-1)

/** True if a path is on a mount that is read-only, by the lines of /proc/self/mounts. */
export const isReadOnly = (mounts: string, path: string): boolean =>
  mounts.split("\n").reduce(
    (nearest, line) => {
      const [, point = "", , options = ""] = line.split(" ")
      const covers = path === point || path.startsWith(point === "/" ? point : `${point}/`)
      return covers && point !== "" && point.length >= nearest.length
        ? { length: point.length, readOnly: options.split(",").includes("ro") }
        : nearest
    },
    { length: 0, readOnly: false }
  ).readOnly

/** True if /proc/self/uid_map is the one of the machine itself, and not of a container with a map. */
export const mapsAllIds = (uidMap: string): boolean => /^\s*0\s+0\s+4294967295\s*$/.test(uidMap)
