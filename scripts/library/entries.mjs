// The entries of the library: `exports` of package.json is the one list of them.
import { readFileSync } from "node:fs"

export const manifest = JSON.parse(readFileSync("package.json", "utf8"))

/** Where the library is built. */
export const out = "dist/lib"

/** What programs import (`name`), and the module of src that it is, without ending. */
export const entries = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === "string" ? [] : [{
    name: subpath.replace(/^\./, manifest.name),
    module: target.default.slice(`./${out}/`.length, -".js".length)
  }]
)
