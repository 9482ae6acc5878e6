// A document that names what is not there is worse than none: relative links, their headings, and paths of this repository exist.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

const skipped = new Set(["node_modules", "dist", ".git", "api"])
const documents = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    skipped.has(entry.name)
      ? []
      : entry.isDirectory()
      ? documents(join(dir, entry.name))
      : entry.name.endsWith(".md")
      ? [join(dir, entry.name)]
      : []
  )

/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading) =>
  heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-")
const withoutCode = (text) => text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "")
const anchorsOf = (file) =>
  [...readFileSync(file, "utf8").replace(/^(```|~~~)[\s\S]*?^\1/gm, "").matchAll(/^#{1,6} (.+)$/gm)].map(
    ([, heading]) => anchorOf(heading)
  )

const faults = []
for (const file of documents(".")) {
  const text = readFileSync(file, "utf8")
  for (const [, target] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [path, anchor] = target.split("#")
    const at = path === "" ? file : resolve(dirname(file), path)
    if (!existsSync(at)) faults.push(`${file}: the link ${target} leads nowhere`)
    else if (anchor !== undefined && (!statSync(at).isFile() || !anchorsOf(at).includes(anchor))) {
      faults.push(`${file}: the link ${target} names no heading`)
    }
  }
  // Inline code and blocks; a path with a placeholder (<name>, *) is none.
  const code = [...text.matchAll(/^(```|~~~)[\s\S]*?^\1|`[^`\n]*`/gm)].map(([block]) => block).join("\n")
  for (const [path] of code.matchAll(/(?<![\w~./-])(?:src|test|scripts|docs|\.ci)\/[\w./*<>{}-]*[\w/*>}]/g)) {
    if (!/[*<>{}]/.test(path) && !existsSync(path)) faults.push(`${file}: there is no ${path}`)
  }
}

// A promise names the test that attacks it: by its file, and by the titles in it that follow in quotes.
const promises = "docs/security.md"
for (const [, file, titles] of readFileSync(promises, "utf8").matchAll(/`(test\/[^`]+\.ts)`:((?:,? "[^"]+")+)/g)) {
  const tests = existsSync(file) ? readFileSync(file, "utf8") : ""
  for (const [, title] of titles.matchAll(/"([^"]+)"/g)) {
    if (!tests.includes(title)) faults.push(`${promises}: ${file} has no test "${title}"`)
  }
}
if (faults.length > 0) {
  process.stderr.write(`${faults.join("\n")}\n`)
  process.exitCode = 1
}
