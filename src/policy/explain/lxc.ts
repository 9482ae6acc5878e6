/** Lines of raw.lxc that clincus writes, by `src/policy/kernel.ts` and `src/policy/files/lxc.ts`. */
const known = [
  /^lxc\.proc\.oom_score_adj = \d+$/,
  /^lxc\.cap\.drop = sys_admin$/,
  /^lxc\.mount\.entry = tmpfs (dev\/shm|run|run\/lock) tmpfs \S+ 0 0$/,
  /^lxc\.mount\.entry = (\S+) (\S+) none bind,(ro,)?relative(,optional)? 0 0$/
]

const bind = /^lxc\.mount\.entry = (\S+) (\S+) none bind,(ro,)?relative(?:,optional)? 0 0$/

const key = "raw.lxc"

const linesOf = (config: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  (config[key] ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "")

/** A path as LXC writes it, read again. */
const unescaped = (path: string): string =>
  Buffer.from(
    path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    "latin1"
  ).toString("utf8")

/** The paths inside that are held: `read` are those that cannot be written, `hidden` those that something empty covers. */
export const heldPaths = (config: Readonly<Record<string, string>>) => {
  const found = linesOf(config).flatMap((line) => {
    const [, from = "", to = "", ro] = bind.exec(line) ?? []
    return to === "" ? [] : [{ path: `/${unescaped(to)}`, covered: from !== to, readOnly: ro !== undefined }]
  })
  return {
    read: found.filter(({ covered, readOnly }) => readOnly && !covered).map(({ path }) => path),
    hidden: found.filter(({ covered }) => covered).map(({ path }) => path),
    keys: found.length === 0 ? [] : [key]
  }
}

/** Lines that clincus has not written. */
export const unknownLines = (config: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  linesOf(config).filter((line) => !known.some((one) => one.test(line)))
