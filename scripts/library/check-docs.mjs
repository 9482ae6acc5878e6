// Every export of the library has a docstring and an example, and what its services do has a docstring. Every type that
// an export names can be named by programs, too. All code in docstrings and on pages compiles, and so do the declarations;
// examples that need no Incus are run.
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { codeBlocks, docstringExamples } from "./code-blocks.mjs"
import { readEntry } from "./declarations.mjs"
import { entries, out } from "./entries.mjs"
import { exampleFaults, runExamples } from "./examples.mjs"

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
faults.push(...exampleFaults(read))

const directory = "dist/code"

/** Compiles a project in that directory. It stays, to be looked at. */
const compile = (name, options, files) => {
  writeFileSync(`${directory}/${name}`, JSON.stringify({
    extends: "../../tsconfig.json",
    compilerOptions: { ...options, noUnusedLocals: false, types: [] },
    include: [],
    files
  }))
  const { status, stdout } = spawnSync(
    process.execPath,
    ["node_modules/typescript/bin/tsc", "-p", `${directory}/${name}`],
    { encoding: "utf8" }
  )
  return status === 0 ? [] : [stdout.trim()]
}

rmSync(directory, { recursive: true, force: true })
mkdirSync(directory, { recursive: true })
// Above stands that files are CommonJS: the program is.
writeFileSync(`${directory}/package.json`, '{ "type": "module" }\n')
const examples = docstringExamples(read)
const modules = [...pages.flatMap(codeBlocks), ...examples]
for (const { name, text } of modules) writeFileSync(`${directory}/${name}`, text)
// The code is compiled against the sources, and the declarations as programs have them that do not skip those of libraries:
// without types of Node. The tests do both again in an empty project, with the package.
faults.push(
  ...compile("tsconfig.json", {}, modules.map(({ name }) => name)),
  ...compile(
    "tsconfig.declarations.json",
    { skipLibCheck: false, lib: ["ES2023", "DOM"] },
    entries.map(({ module }) => `../../${out}/${module}.d.ts`)
  )
)
if (faults.length === 0) faults.push(...await runExamples(directory, examples))
if (faults.length > 0) {
  process.stderr.write(`${[...new Set(faults)].join("\n")}\n`)
  process.exitCode = 1
}
