import type { Tool, ToolContext } from "../tool/Tool.ts"
import type { ChosenTool } from "../tool/ToolRegistry.ts"

/** Directories between the home directory and a mounted one: made by the mount, so root's until they are given away. */
export const mountParents = (tool: Tool, home: string): ReadonlyArray<string> => [
  ...new Set(tool.state.flatMap((path) => {
    const parts = path.split("/").slice(0, -1)
    return parts.map((_, index) => `${home}/${parts.slice(0, index + 1).join("/")}`)
  }))
]

/** What the tool's environment is made of; the later wins. Values never appear on a command line. */
export const environmentOf = (
  tool: Tool,
  home: string,
  sources: {
    readonly credentials: Readonly<Record<string, string>>
    readonly request: Readonly<Record<string, string>>
  }
): Record<string, string> => ({
  PATH: `${home}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  LANG: "C.UTF-8",
  COLORTERM: "truecolor",
  // Node has certificates of its own and would not know the ones that the image took from the host.
  NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt",
  ...Object.fromEntries(
    Object.entries(tool.environment).map(([name, value]) => [name, value.replaceAll("{home}", home)])
  ),
  ...sources.credentials,
  ...sources.request,
  CLINCUS_BINARY: tool.binary
})

const resumeDiscovered = (discover: string) => `
id=$(${discover})
if [ -z "$id" ]; then printf 'clincus: this session holds no conversation to resume\\n' >&2; exit 1; fi
exec "\${@//\\{id\\}/$id}"
`

/** The command of the pane. */
export const commandOf = (
  { bypass, tool }: ChosenTool,
  context: Pick<ToolContext, "id">,
  mode: "start" | "resume" | "debug"
): ReadonlyArray<string> => {
  if (mode === "debug") return ["bash", "-l"]
  const base = [tool.binary, ...tool.args, ...(bypass ? tool.bypass : tool.ask)]
  const { conversation } = tool
  switch (conversation.kind) {
    case "given":
      return [
        ...base,
        ...(mode === "start" ? conversation.start(context.id) : conversation.resume(context.id))
      ]
    case "workspace":
      return mode === "start" ? base : [...base, ...conversation.resume]
    case "discovered":
      if (mode === "start") return base
      return conversation.discover === undefined
        ? [...base, ...conversation.resume(context.id)]
        : [
          "bash",
          "-c",
          resumeDiscovered(conversation.discover),
          "bash",
          ...base,
          ...conversation.resume("{id}")
        ]
  }
}
