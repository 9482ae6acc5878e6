/** Programs of the image whose versions its properties record, and how each is asked. */
export const recorded = {
  claude: "claude --version",
  opencode: "opencode --version",
  node: "node --version",
  npm: "npm --version",
  gh: "gh --version"
} as const

/** One line a program: its name, then what it says. */
export const versionsScript = Object.entries(recorded)
  .map(([name, command]) => `printf '${name} %s\\n' "$(${command} | head -n 1)"`)
  .join("\n")

/** Versions by program out of the script's output; a program that says none is left out. */
export const parseVersions = (output: string): Record<string, string> =>
  Object.fromEntries(
    output.split("\n").flatMap((line) => {
      const name = line.split(" ", 1)[0] ?? ""
      const version = /\d+(?:\.\d+)+[\w.+-]*/.exec(line.slice(name.length))?.[0]
      return name in recorded && version !== undefined ? [[name, version] as const] : []
    })
  )
