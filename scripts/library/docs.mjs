// Writes a page for each entry of the library to dist/docs: what it exports, with docstrings and declarations.
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { readEntry } from "./declarations.mjs"
import { entries, manifest } from "./entries.mjs"

const directory = "dist/docs"

/** The docstring as Markdown: examples become blocks of code, and where to see another export's example becomes a link. */
const markdown = (doc, link) =>
  doc.replace(/^@module$/m, "").replace(/^@example\n([\s\S]*?)(?=\n@\w|$(?![\s\S]))/gm, (_, code) =>
    `\`\`\`ts\n${code.trim()}\n\`\`\``).replace(/^@see (\w+)$/gm, (_, name) => `Example: ${link(name)}`).trim()

/** A class without what the compiler makes of the expression that it extends. */
const readable = ({ base, name, text }) => {
  const tag = /Context\.TagClass<\w+, ("[^"]+"), ([\s\S]*)>;$/.exec(base ?? "")
  const code = text.replace(/^export (declare )?/, "")
  if (tag !== null) return `class ${name} extends Context.Tag(${tag[1]})<${name}, ${tag[2]}>() {}`
  return base === undefined ? code : code.replace(`extends ${name}_base`, `extends Data.TaggedError("${name}")`)
}

const kinds = [
  ["Services", ({ declarations }) => declarations.some(({ base }) => base?.includes("Context.TagClass"))],
  ["Errors", ({ declarations }) => declarations.some(({ base }) => base !== undefined)],
  ["Layers", ({ declarations }) => declarations.some(({ kind, text }) => kind === "const" && /Layer\.Layer</.test(text))],
  ["Schemas", ({ declarations }) => declarations.some(({ kind, text }) => kind === "const" && /: Schema\./.test(text))],
  ["Functions and values", ({ declarations }) => declarations.some(({ kind }) => kind === "const" || kind === "function")],
  ["Types", () => true]
]
const kindOf = (one) =>
  one.declarations.every(({ typeOnly }) => typeOnly) ? "Types" : kinds.find(([, is]) => is(one))[0]

const fileOf = (name) => `${name.replaceAll("/", "-")}.md`
const identity = ({ file, local }) => `${file} ${local}`

const read = entries.map((entry) => ({ ...entry, ...readEntry(entry) }))

const page = ({ doc, exports, name }) => {
  // What a narrower entry exports as well is described there.
  const elsewhere = new Map(
    read.filter((other) => other.name.startsWith(`${name}/`)).flatMap((other) =>
      other.exports.map((one) => [identity(one), { entry: other.name, name: one.name }])
    )
  )
  const sections = kinds.map(([kind]) => [kind, exports.filter((one) => kindOf(one) === kind)])
  const link = (one) => {
    const other = elsewhere.get(identity(one))
    return other === undefined
      ? `[\`${one.name}\`](#${one.name.toLowerCase()})`
      : `[\`${one.name}\`](${fileOf(other.entry)}#${other.name.toLowerCase()})`
  }
  /** A link to an export of this entry, or of another one. */
  const named = (wanted) => {
    const own = exports.find((one) => one.name === wanted)
    if (own !== undefined) return link(own)
    const other = read.find((entry) => entry.exports.some((one) => one.name === wanted))
    return `[\`${wanted}\`](${fileOf(other.name)}#${wanted.toLowerCase()})`
  }
  return [
    `# ${name}`,
    markdown(doc, named),
    ...sections.filter(([, all]) => all.length > 0).map(([kind, all]) => `**${kind}:** ${all.map(link).join(", ")}`),
    ...exports.filter((one) => !elsewhere.has(identity(one))).flatMap((one) => [
      `## ${one.name}`,
      markdown(one.doc, named),
      `\`\`\`ts\n${one.declarations.map((declaration) => readable({ ...declaration, name: one.local })).join("\n\n")}\n\`\`\``
    ])
  ].join("\n\n") + "\n"
}

rmSync(directory, { recursive: true, force: true })
mkdirSync(directory, { recursive: true })
for (const entry of read) writeFileSync(`${directory}/${fileOf(entry.name)}`, page(entry))
writeFileSync(
  `${directory}/README.md`,
  `# ${manifest.name} ${manifest.version}\n\n${
    read.map(({ doc, name }) => `* [${name}](${fileOf(name)}): ${doc.split(/(?<=\.)\s/)[0].replaceAll("\n", " ")}`).join("\n")
  }\n`
)
