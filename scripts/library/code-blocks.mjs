// The code blocks of a Markdown page as modules. The block marked `imports` stands above each of the others; those marked
// `run` are programs that need nothing but a daemon.
//   node scripts/library/code-blocks.mjs PAGE DIRECTORY   writes them there and lists them in JSON
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { pathToFileURL } from "node:url"

const modules = (prefix, blocks) => {
  const imports = blocks.filter(({ marks }) => marks.includes("imports")).map(({ text }) => text).join("")
  return blocks.filter(({ marks }) => !marks.includes("imports")).map(({ marks, text }, index) => ({
    name: `${prefix}-${index + 1}.ts`,
    text: `${imports}${text}export {}\n`,
    run: marks.includes("run")
  }))
}

/** The TypeScript blocks of a page. */
export const codeBlocks = (page) =>
  modules(
    basename(page, ".md").toLowerCase(),
    [...readFileSync(page, "utf8").matchAll(/^```ts(?: (.*))?\n([\s\S]*?)^```$/gm)].map(([, marks = "", text]) => ({
      marks: marks.split(" "),
      text
    }))
  )

/** The `@example`s of a docstring. */
export const examplesIn = (doc) =>
  [...doc.matchAll(/^@example\n([\s\S]*?)(?=\n@\w|$(?![\s\S]))/gm)].map(([, text]) => `${text.trim()}\n`)

/** The `@example`s of what the entries export, and of the entries themselves: each is a module of its own. */
export const docstringExamples = (entries) => {
  const byDoc = new Map(
    entries.flatMap(({ doc, exports, name: entry }) =>
      // Numbered, since there are names that differ in their case only.
      [{ doc, name: "entry" }, ...exports].map(({ doc, name }, index) => [doc, `${entry.replaceAll("/", "-")}-${index}-${name}`])
    )
  )
  return [...byDoc].flatMap(([doc, name]) => modules(name, examplesIn(doc).map((text) => ({ marks: [], text }))))
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [page, directory] = process.argv.slice(2)
  const blocks = codeBlocks(page)
  mkdirSync(directory, { recursive: true })
  for (const { name, text } of blocks) writeFileSync(join(directory, name), text)
  process.stdout.write(`${JSON.stringify(blocks.map(({ name, run }) => ({ name, run })))}\n`)
}
