// npm run faults -- [--runs N] [--only NAME] [--list] [--seed S]: bundles scripts/faults and runs it, in this process.
import { build } from "esbuild"
import { mkdtempSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"

const directory = mkdtempSync(join(tmpdir(), "clincus-faults-"))
const file = join(directory, "faults.cjs")
try {
  await build({
    entryPoints: ["scripts/faults/main.ts"],
    outfile: file,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    sourcemap: "inline",
    logLevel: "warning"
  })
  process.setSourceMapsEnabled(true)
  createRequire(import.meta.url)(file)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
