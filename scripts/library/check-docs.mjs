// Every export of the library has a docstring, and so has what its services do. Every type that an export names can be
// named by programs, too. All code in docstrings and on pages compiles.
import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { codeBlocks, docstringExamples } from "./code-blocks.mjs"
import { readEntry } from "./declarations.mjs"
import { entries } from "./entries.mjs"

const pages = ["README.md", "docs/library.md"]

const read = entries.map((entry) => ({ ...entry, ...readEntry(entry) }))
const nameable = new Set(read.flatMap(({ exports }) => exports.map(({ local }) => local)))
const faults = read.flatMap(({ exports, name: entry }) =>
  exports.flatMap(({ actions, doc, name, names }) => [
    ...names.filter((type) => !nameable.has(type)).map((type) => `${entry}: ${name} names ${type}, which is not exported`),
    ...(doc === "" ? [`${entry}: ${name} has no docstring`] : []),
    ...actions.filter(({ documented }) => !documented).map((action) =>
      `${entry}: ${name}.${action.name} has no docstring`
    )
  ])
)

/** Compiles against the sources: the tests do it again with the package, where that is installed. */
const compile = (modules) => {
  const directory = "dist/code"
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const { name, text } of modules) writeFileSync(`${directory}/${name}`, text)
  // Above stands that files are CommonJS: the program is.
  writeFileSync(`${directory}/package.json`, '{ "type": "module" }\n')
  writeFileSync(`${directory}/tsconfig.json`, JSON.stringify({
    extends: "../../tsconfig.json",
    compilerOptions: { noUnusedLocals: false, types: [] },
    include: ["."]
  }))
  try {
    execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", directory], { encoding: "utf8" })
    return []
  } catch ({ stdout }) {
    // The modules stay, to be looked at.
    return [stdout.trim()]
  }
}

faults.push(...compile([...pages.flatMap(codeBlocks), ...docstringExamples(read)]))
if (faults.length > 0) {
  process.stderr.write(`${[...new Set(faults)].join("\n")}\n`)
  process.exitCode = 1
}
