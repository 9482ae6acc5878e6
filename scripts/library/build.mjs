// Builds what other programs import into dist/lib: the module graph of the package's `exports`, a module for a module, so
// that effect and the other packages stay imports and a program has one copy of each.
import { build, transformSync } from "esbuild"
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { dirname, join, relative } from "node:path"
import { entries, manifest, out } from "./entries.mjs"

/** What the declarations of a module import. Comments may hold examples, which import what the reader has. */
const importsOf = (declarations) =>
  [...declarations.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/(?:from |import\()"([^"]+)"/g)].map(([, name]) => name)

const compile = () => {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const config = "dist/tsconfig.library.json"
  writeFileSync(config, JSON.stringify({
    extends: "../tsconfig.json",
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: "../src",
      outDir: "lib"
    },
    include: [],
    files: entries.map(({ module }) => `../src/${module}.ts`)
  }))
  const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", config], { stdio: "inherit" })
  unlinkSync(config)
  if (status !== 0) process.exit(1)
  // The directory above says that the program, which has no ending, is CommonJS.
  writeFileSync(`${out}/package.json`, '{ "type": "module", "sideEffects": false }\n')
}

/** The module graph of the entries as Node sees it; fails where a module is missing. */
const graph = async () => {
  const { metafile } = await build({
    entryPoints: entries.map(({ module }) => `${out}/${module}.js`),
    outdir: "unused",
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    metafile: true,
    write: false,
    logLevel: "warning"
  })
  return metafile.inputs
}

/** Follows the declarations from the entries: those of other modules are the library's own business. */
const publicDeclarations = () => {
  const seen = new Map()
  const visit = (file) => {
    if (seen.has(file)) return
    // The compiler rewrites the endings of imports in modules only.
    const text = readFileSync(file, "utf8").replace(/((?:from |import\()"\.[^"]+)\.ts"/g, '$1.js"')
    seen.set(file, text)
    for (const name of importsOf(text)) {
      if (name.startsWith(".")) visit(join(dirname(file), name).replace(/\.js$/, ".d.ts"))
    }
  }
  for (const { module } of entries) visit(join(out, `${module}.d.ts`))
  return seen
}

const withVersion = (code) =>
  code.includes("CLINCUS_VERSION")
    ? transformSync(code, { target: "es2022", define: { CLINCUS_VERSION: JSON.stringify(manifest.version) } }).code
    : code

/** A package that is imported and not installed with this one works here and fails at others'. */
const checkPackages = (inputs, declarations) => {
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
  const imported = new Map()
  const note = (file, name) => {
    if (name.startsWith(".") || isBuiltin(name)) return
    const parts = name.split("/")
    const of = parts.slice(0, name.startsWith("@") ? 2 : 1).join("/")
    imported.set(of, [...(imported.get(of) ?? []), relative(out, file)])
  }
  for (const [file, { imports }] of Object.entries(inputs)) {
    for (const { external, path } of imports) if (external) note(file, path)
  }
  for (const [file, text] of declarations) for (const name of importsOf(text)) note(file, name)
  const faults = [
    ...[...imported].filter(([name]) => !declared.has(name)).map(([name, files]) =>
      `${name} is imported by ${files[0]} and is neither a dependency nor a peer`
    ),
    ...[...declared].filter((name) => !imported.has(name)).map((name) => `${name} is declared and never imported`)
  ]
  if (faults.length > 0) {
    process.stderr.write(`${faults.join("\n")}\n`)
    process.exit(1)
  }
}

compile()
const inputs = await graph()
const declarations = publicDeclarations()
checkPackages(inputs, declarations)
for (const name of readdirSync(out, { recursive: true, encoding: "utf8" })) {
  const file = join(out, name)
  if (declarations.has(file)) writeFileSync(file, declarations.get(file))
  else if (file.endsWith(".js") && file in inputs) writeFileSync(file, withVersion(readFileSync(file, "utf8")))
  // Modules of types only, and the declarations of what no declaration of an entry names.
  else if (/\.(js|ts)$/.test(file)) unlinkSync(file)
}
