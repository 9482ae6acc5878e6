import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  copyConfiguration,
  type CopyOptions,
  type CopyReport
} from "../../../../../src/host/copy/copyConfiguration.ts"

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

/** A home directory with configuration in `.claude` and a secret beside it, and an empty saved session. */
export const place = Effect.acquireRelease(
  Effect.sync(() => {
    const base = Fs.realpathSync(Fs.mkdtempSync(join(tmpdir(), "clincus-copy-")))
    const [home, root] = [join(base, "home"), join(base, "session")]
    const from = join(home, ".claude")
    Fs.mkdirSync(root)
    const write = (path: string, content = "text") => {
      Fs.mkdirSync(join(home, path, ".."), { recursive: true })
      Fs.writeFileSync(join(home, path), content)
    }
    const link = (path: string, target: string) => {
      Fs.mkdirSync(join(home, path, ".."), { recursive: true })
      Fs.symlinkSync(target, join(home, path))
    }
    write(".ssh/id", "secret")
    write(".claude/plugins/x/plugin.json", "theirs")
    const copy = (options: Partial<CopyOptions> = {}) =>
      copyConfiguration({ from, entries: ["plugins"], root, to: ".claude", owner, ...options })
    const inCopy = (path: string) => join(root, ".claude", path)
    const names = () => Fs.readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted()
    return { home, from, root, write, link, copy, inCopy, names, base }
  }),
  ({ base }) => Effect.sync(() => Fs.rmSync(base, { recursive: true, force: true }))
)

/** What was left out, by its path below `home`. */
export const reasons = ({ leftOut }: CopyReport, home: string) =>
  Object.fromEntries(
    leftOut.map(({ path, why }) => [path.replace(`${home}/`, ""), why.replaceAll(home, "~")])
  )
