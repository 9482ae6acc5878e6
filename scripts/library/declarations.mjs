// Reads what the entries export from the declarations that the compiler has written. TypeScript 7 has no programming
// interface, and the tools that read TypeScript through an earlier one (typedoc with its Markdown plugin was tried: 47 MB,
// 188 pages) write the type of every Schema out where it is used and ask for docstrings of what is inferred. The compiler's
// declarations are text of one form: statements begin at the margin, members four columns in, docstrings stand above.
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { out } from "./entries.mjs"

/** The statements of a file, each with the docstring above it (its text, without the comment's marks). */
const statements = (text) => {
  const found = []
  let doc = []
  let inDoc = false
  for (const line of text.split("\n")) {
    if (line.startsWith("/**")) {
      doc = []
      inDoc = true
    }
    if (inDoc) {
      doc.push(line.replace(/^\/\*\* ?/, "").replace(/\*\/$/, "").replace(/^ \* ?/, "").trimEnd())
      inDoc = !line.endsWith("*/")
    } else if (/^(export|declare|import|type|interface) /.test(line)) {
      found.push({ doc: doc.join("\n").trim(), lines: [line] })
      doc = []
    } else {
      found.at(-1)?.lines.push(line)
    }
  }
  return found.map(({ doc, lines }) => ({ doc, text: lines.join("\n").trimEnd() }))
}

const files = new Map()
const read = (file) => {
  const known = files.get(file) ?? statements(readFileSync(file, "utf8"))
  files.set(file, known)
  return known
}

const target = (file, specifier) => join(dirname(file), specifier).replace(/\.js$/, ".d.ts")

/**
 * What a file exports: the name, and where it is declared, under which name, by which statements; whether the value stays
 * behind (`typeOnly`). `base` is what the compiler makes of the expression that a class extends.
 */
const exportsOf = (file) =>
  read(file).flatMap(({ doc, text }) => {
    const own = /^export (?:declare )?(?:abstract )?(const|function|class|interface|type) (\w+)/.exec(text)
    if (own !== null) {
      const [, kind, name] = own
      const base = read(file).find((one) => one.text.startsWith(`declare const ${name}_base:`))?.text
      // A type that is made from a Schema that is not exported: the Schema says what the type is.
      const schema = kind === "type"
        ? read(file).find((one) => one.text.startsWith(`declare const ${name}:`))?.text
        : undefined
      return [{ name, local: name, file, kind, doc, text: schema === undefined ? text : `${schema}\n\n${text}`, base }]
    }
    const all = /^export \* from "(.+)";/.exec(text)
    if (all !== null) return exportsOf(target(file, all[1]))
    const some = /^export (?:type )?\{([^}]*)\}(?: from "(.+)")?;/.exec(text)
    if (some !== null) {
      const from = some[2] === undefined ? undefined : exportsOf(target(file, some[2]))
      return some[1].split(",").map((one) => one.trim()).filter((one) => one !== "").flatMap(
        (one) => {
          const typeOnly = text.startsWith("export type ") || one.startsWith("type ")
          const [local, name = local] = one.replace(/^type /, "").split(" as ")
          const found = (from ?? []).filter((one) => one.name === local)
          if (found.length === 0) throw new Error(`${file}: no declaration of ${local} was found`)
          return found.map((one) => ({ ...one, name, typeOnly }))
        }
      )
    }
    if (text.startsWith("export ")) throw new Error(`${file}: cannot read '${text.split("\n")[0]}'`)
    return []
  })

/** The members of an interface or of a service that do something: functions, effects and streams, with their docstrings. */
const actionsOf = ({ base, kind, text }) => {
  const lines = (kind === "interface" ? text : base ?? "").split("\n")
  return lines.flatMap((line, index) => {
    const member = /^ {4}(?:readonly )?(\w+)\??: (?:[(<]|Effect\.Effect<|Stream\.Stream<)/.exec(line)
    return member === null ? [] : [{ name: member[1], documented: lines[index - 1]?.endsWith("*/") === true }]
  })
}

/** The types of the library that a declaration names: those that its file imports or declares itself. */
const typesNamedBy = ({ base = "", file, local, text }) => {
  const known = read(file).flatMap((one) => {
    const own = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type) (\w+)/.exec(one.text)
    const some = /^import (?:type )?\{([^}]*)\} from "\./.exec(one.text)
    return own !== null
      ? [own[1]]
      : (some?.[1] ?? "").split(",").map((name) => name.trim().replace(/^type /, "").split(" as ").at(-1))
  })
  const spaces = read(file).flatMap((one) => /^import (?:type )?\* as (\w+) from "\./.exec(one.text)?.[1] ?? [])
  const code = `${base}${text}`.replace(/\/\*[\s\S]*?\*\//g, "")
  return [
    ...known.filter((name) => /^[A-Z]/.test(name) && name !== local && new RegExp(`\\b${name}\\b`).test(code)),
    ...spaces.flatMap((space) => [...code.matchAll(new RegExp(`\\b${space}\\.(\\w+)`, "g"))].map(([, name]) => name))
  ]
}

/** What an entry exports, a value and a type of the same name together, in the order of their names. */
export const readEntry = ({ module }) => {
  const file = join(out, `${module}.d.ts`)
  const byName = group(exportsOf(file))
  return {
    doc: read(file)[0]?.doc ?? "",
    exports: [...byName].map(([name, declarations]) => ({
      name,
      file: declarations[0].file,
      local: declarations[0].local,
      doc: declarations.map(({ doc }) => doc).filter((doc) => doc !== "").join("\n\n"),
      declarations,
      actions: declarations.flatMap(actionsOf),
      names: declarations.flatMap(typesNamedBy)
    })).toSorted((one, other) => one.name.localeCompare(other.name, "en"))
  }
}

const group = (declared) => {
  const byName = new Map()
  for (const one of declared) byName.set(one.name, [...(byName.get(one.name) ?? []), one])
  return byName
}
