// Bundles the program into dist/clincus: one executable file that needs Node and nothing else.
import { build } from "esbuild"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"

const { version } = JSON.parse(readFileSync("package.json", "utf8"))

await build({
  entryPoints: ["src/main.ts"],
  outfile: "dist/clincus",
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  minify: true,
  keepNames: false,
  legalComments: "none",
  define: { CLINCUS_VERSION: JSON.stringify(version) },
  banner: { js: "#!/usr/bin/env node" },
  logLevel: "warning"
})
chmodSync("dist/clincus", 0o755)
// The file is CommonJS, which is what Node takes a file without extension for, unless the package says otherwise.
writeFileSync("dist/package.json", '{ "type": "commonjs" }\n')
