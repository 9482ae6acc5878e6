// What holds for the examples of exports beside that they compile: every export has one or points to one, and those that
// need no Incus are run.
import { build } from "esbuild"
import { basename, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { runInThisContext } from "node:vm"
import { examplesIn } from "./code-blocks.mjs"
import { entries, out } from "./entries.mjs"

/** An error is a class on which the compiler has put a tag; a service is made by `Context.Tag`. */
const isError = ({ declarations }) => declarations.some(({ base }) => base?.includes("YieldableError"))
const isType = ({ declarations }) =>
  declarations.every(({ kind, typeOnly }) => typeOnly === true || kind === "type" || kind === "interface")

/**
 * Every export has an `@example`. A type or an error, which a program only meets with something else, may point by `@see`
 * to the export whose example shows it. That export has an example of its own, and its example or its declaration names
 * the type or the error.
 */
export const exampleFaults = (read) => {
  const all = read.flatMap(({ exports, name: entry }) => exports.map((one) => ({ ...one, entry })))
  return all.flatMap((one) => {
    const { doc, entry, local, name } = one
    const fault = (text) => [`${entry}: ${name} ${text}`]
    if (examplesIn(doc).length > 0) return []
    const see = /^@see (\w+)$/m.exec(doc)?.[1]
    if (see === undefined) return fault("has no example")
    if (!isError(one) && !isType(one)) return fault(`points to ${see}, and needs an example of its own`)
    const targets = all.filter((other) => other.name === see)
    if (targets.length === 0) return fault(`points to ${see}, which is not exported`)
    const shows = ({ doc, names }) =>
      examplesIn(doc).length > 0 && (names.includes(local) || new RegExp(`\\b${name}\\b`).test(examplesIn(doc).join("\n")))
    return targets.some(shows) ? [] : fault(`points to ${see}, which has no example or does not name it`)
  })
}

/** What an example says of a value: the name of the export, and the value as an expression. */
const said = (text) =>
  [...text.matchAll(/^export const (\w+)(?:(?!^export )[\s\S])*?^\/\/ => (.*)$/gm)].map(([, name, value]) => ({ name, value }))

/** True for an example that needs no Incus: it uses the twins, or says what comes of it. */
const canRun = ({ text }) => text.includes('"clincus/testing"') || said(text).length > 0

const plain = (value) => JSON.stringify(value)

/**
 * Runs the examples that need no Incus, on the built library: the effects that they export succeed, and where a line
 * `// => VALUE` follows an export, that is its value.
 */
export const runExamples = async (directory, modules) => {
  const running = modules.filter(canRun)
  const library = entries.map(({ module, name }) => [name, resolve(out, `${module}.js`)])
  await build({
    entryPoints: running.map(({ name }) => `${directory}/${name}`),
    outdir: `${directory}/run`,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    logLevel: "warning",
    plugins: [{
      name: "library",
      setup: ({ onResolve }) => {
        onResolve({ filter: /^clincus(\/|$)/ }, ({ path }) => ({ path: new Map(library).get(path) }))
        onResolve({ filter: /^[^./]/ }, ({ kind, path }) => kind === "entry-point" ? undefined : { path, external: true })
      }
    }]
  })
  const Effect = await import("effect/Effect")
  const faults = await Promise.all(running.map(async ({ name, text }) => {
    try {
      const exported = await import(pathToFileURL(resolve(directory, "run", `${basename(name, ".ts")}.mjs`)).href)
      const values = new Map()
      for (const [key, value] of Object.entries(exported)) {
        values.set(key, Effect.isEffect(value) ? await Effect.runPromise(Effect.timeout(value, "10 seconds")) : value)
      }
      return said(text).flatMap((one) => {
        const [is, expected] = [plain(values.get(one.name)), plain(runInThisContext(`(${one.value})`))]
        return is === expected ? [] : [`${name}: ${one.name} is ${is}, not ${expected}`]
      })
    } catch (error) {
      return [`${name}: ${error instanceof Error ? error.stack : error}`]
    }
  }))
  return faults.flat()
}
