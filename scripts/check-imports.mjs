// Start-up time is a feature: a barrel import would pull whole packages into the bundle. An upward import would turn the
// layering round, and a file that grows without end is more than one idea.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

const barrels = /from "(effect|@effect\/(cli|platform|platform-node|platform-node-shared|printer|printer-ansi))"/
// A folder may import itself and what stands to the right of it: see docs/architecture.md.
const order = [
  "commands", "terminal", "cli", "health", "setup", "image", "session", "credentials", "policy", "guest", "workspace", "tool",
  "config", "incus", "host", "domain"
]
// `cli` is a framework for command lines: all that it may know of the rest is how to reach the host.
const framework = new Set(["cli", "host", "domain"])
const serviceName = /"clincus\/\w+"/g
const knowsTerminal = new Set(["commands", "terminal", "cli"])
const longest = 300
const faults = []
const walk = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? walk(join(dir, e.name)) : e.name.endsWith(".ts") ? [join(dir, e.name)] : []
  )

for (const file of walk("src")) {
  const folder = relative("src", dirname(file)).split("/")[0]
  const text = readFileSync(file, "utf8").trimEnd()
  const lines = text.split("\n")
  if (lines.length > longest) faults.push(`${file}: ${lines.length} lines, more than ${longest}`)
  lines.forEach((line, index) => {
    const at = `${file}:${index + 1}`
    if (barrels.test(line)) faults.push(`${at}: barrel import, name the module instead`)
    if (folder === "cli" && /incus/i.test(line.replaceAll(serviceName, ""))) {
      faults.push(`${at}: cli is a framework for any program, and knows no word of clincus`)
    }
    const target = /from "(\.[^"]+)"/.exec(line)?.[1]
    if (target === undefined || folder === "") return
    const other = relative("src", dirname(resolve(dirname(file), target))).split("/")[0]
    if (other === "") faults.push(`${at}: a folder never imports main or index`)
    else if (order.indexOf(other) < order.indexOf(folder)) {
      faults.push(`${at}: ${folder} must not import ${other} (order: ${order.join(" → ")})`)
    }
    if (folder === "cli" && !framework.has(other)) faults.push(`${at}: cli must not import ${other}`)
    if (!knowsTerminal.has(folder) && (knowsTerminal.has(other) || /from "@effect\/cli/.test(line))) {
      faults.push(`${at}: only commands, terminal and cli know the terminal`)
    }
  })
}
if (faults.length > 0) {
  process.stderr.write(faults.join("\n") + "\n")
  process.exitCode = 1
}
