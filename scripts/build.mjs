// Bundles the program into dist/clincus: one executable file that needs Node and nothing else.
import { build } from "esbuild"
import { createHash } from "node:crypto"
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"

const { version } = JSON.parse(readFileSync("package.json", "utf8"))

const bundle = async (options) => {
  const { outputFiles: [file] } = await build({
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    write: false,
    ...options
  })
  return file.text
}

const program = await bundle({
  entryPoints: ["src/main.ts"],
  define: { CLINCUS_VERSION: JSON.stringify(version) },
  // The program runs as a vm.Script (see launcher.cjs), where `import()` would need a loader of its own.
  supported: { "dynamic-import": false }
})
const launcher = await bundle({
  entryPoints: ["src/launcher.cjs"],
  define: {
    PROGRAM: JSON.stringify(`(function(require,process){${program}\n})`),
    PROGRAM_HASH: JSON.stringify(createHash("sha256").update(program).digest("hex").slice(0, 16))
  }
})

mkdirSync("dist", { recursive: true })
// Node 20 takes an --env-file that stands after the program for its own, unless "--" stands before it.
writeFileSync("dist/clincus", `#!/usr/bin/env -S node --\n${launcher}`)
chmodSync("dist/clincus", 0o755)
// The file is CommonJS, which is what Node takes a file without extension for, unless the package says otherwise.
writeFileSync("dist/package.json", '{ "type": "commonjs" }\n')
