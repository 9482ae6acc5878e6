import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Settings } from "../config/Settings.ts"
import type { ToolSettings } from "../config/values.ts"
import { closest } from "../domain/closest.ts"
import { isPlainName, isRelativePath, plainPath } from "../domain/RelativePath.ts"
import { isVariableName } from "../domain/variables.ts"
import { aider } from "./aider.ts"
import { claude } from "./claude.ts"
import { codex } from "./codex.ts"
import { copilot } from "./copilot.ts"
import { gemini } from "./gemini.ts"
import { opencode } from "./opencode.ts"
import type { Tool } from "./Tool.ts"

/**
 * The tools that clincus knows without being told.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const names = Clincus.builtInTools.map(({ name }) => name)
 */
export const builtIn: ReadonlyArray<Tool> = [claude, opencode, codex, gemini, copilot, aider]

/**
 * No tool has this name, neither built in nor configured.
 *
 * @see chooseTool
 */
export class UnknownTool extends Data.TaggedError("UnknownTool")<{
  readonly tool: string
  readonly known: ReadonlyArray<string>
}> {
  readonly usage = true
  override get message(): string {
    return `no tool is named '${this.tool}'`
  }
  get hint(): string {
    const near = closest(this.tool, this.known)
    return near === undefined
      ? `Known tools: ${
        this.known.join(", ")
      }. Others can be declared in a [tool.<name>] table of the configuration.`
      : `Did you mean '${near}'? Known tools: ${this.known.join(", ")}.`
  }
}

/**
 * A `[tool.<name>]` table is not enough to describe a tool, or names a place outside the home directory.
 *
 * @see chooseTool
 */
export class ToolMisconfigured extends Data.TaggedError("ToolMisconfigured")<{
  readonly tool: string
  readonly reason: string
}> {
  override get message(): string {
    return `[tool.${this.tool}] in the configuration: ${this.reason}`
  }
}

/**
 * A tool as it is to be run: its description and the choices made for it.
 *
 * @see chooseTool
 */
export interface ChosenTool {
  readonly tool: Tool
  readonly bypass: boolean
}

const withId = (args: ReadonlyArray<string>) => (id: string) => args.map((arg) => arg.replaceAll("{id}", id))

/**
 * Describes a tool by what a `[tool.<name>]` table can say of it: `binary` (its path in the container, or a name), `start`
 * and `resume` (arguments, `{id}` stands for the session's id), `state` (directories that are saved, `.<name>` unless said),
 * … Paths are relative to the home directory; another path fails with `ToolMisconfigured`, as does a bad name.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const session = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const agent = yield* Clincus.describeTool("agent", { binary: "/workspace/agent", state: [".agent"] })
 *   return yield* sessions.start({ workspace: ".", tool: "agent", tools: [agent] })
 * })
 */
export const describeTool = (
  name: string,
  settings: ToolSettings
): Effect.Effect<Tool, ToolMisconfigured> => {
  if (!isPlainName(name) || !isPlainName(`sessions-${name}`)) {
    return Effect.fail(
      new ToolMisconfigured({
        tool: name,
        reason: "a tool's name is also the name of a directory, so it has no slash and is short"
      })
    )
  }
  const { args = [], config = [], credentials = [], environment = [], start = [], state = [`.${name}`] } =
    settings
  const [first, ...rest] = state.map(plainPath)
  const bad = [...state, ...config, ...credentials].find((path) => !isRelativePath(plainPath(path)))
  const unnamed = environment.find((variable) => !isVariableName(variable))
  if (unnamed !== undefined) {
    return Effect.fail(
      new ToolMisconfigured({
        tool: name,
        reason: `'${unnamed}' in 'environment' is not a name of a variable`
      })
    )
  }
  if (bad !== undefined || first === undefined) {
    return Effect.fail(
      new ToolMisconfigured({
        tool: name,
        reason: bad === undefined
          ? "'state' names no directory"
          : `'${bad}' is not a path inside the home directory`
      })
    )
  }
  return Effect.succeed({
    name,
    title: settings.title ?? name,
    binary: settings.binary ?? name,
    state: [first, ...rest],
    unsaved: [],
    config: config.map(plainPath).map((path) => {
      const parts = path.split("/")
      const parent = parts.slice(0, -1).join("/")
      return { from: { path: parent }, to: parent, entries: [parts.at(-1) ?? path] }
    }),
    documents: [],
    credentials: {
      files: credentials.map(plainPath).map((path) => ({ from: { path }, to: path })),
      variables: environment,
      scrub: []
    },
    environment: {},
    bypass: [],
    ask: [],
    args,
    conversation: {
      kind: "given",
      start: withId(start),
      resume: withId(settings.resume ?? start)
    },
    conversations: { kind: "unknown", traces: [] }
  })
}

/** Keys that say how a tool works, which is known of a tool that is built in. */
const descriptive = ["title", "start", "resume", "state", "config", "credentials"] as const

const adjusted = (tool: Tool, settings: ToolSettings): Effect.Effect<Tool, ToolMisconfigured> => {
  const moot = descriptive.find((key) => settings[key] !== undefined)
  if (moot !== undefined) {
    return Effect.fail(
      new ToolMisconfigured({
        tool: tool.name,
        reason: `'${moot}' is for tools of your own; how ${tool.name} works is built in`
      })
    )
  }
  return Effect.succeed({
    ...tool,
    binary: settings.binary ?? tool.binary,
    args: [...tool.args, ...(settings.args ?? [])],
    credentials: {
      ...tool.credentials,
      variables: [...tool.credentials.variables, ...(settings.environment ?? [])]
    }
  })
}

/** The names of all tools: `others`, built in and configured. */
export const toolNames = (
  settings: Settings,
  others: ReadonlyArray<Tool> = []
): ReadonlyArray<string> => [
  ...new Set([...[...others, ...builtIn].map((tool) => tool.name), ...Object.keys(settings.tool.named)])
]

/**
 * The tool of a name, as the configuration has it: one of `others`, one that is built in, or one that the configuration
 * declares. `[tool] binary` applies to the tool that `[tool] name` chooses.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Effect from "effect/Effect"
 *
 * export const claude = Effect.gen(function*() {
 *   const { load } = yield* Clincus.ConfigService
 *   const { settings } = yield* load({})
 *   const { bypass, tool }: Clincus.ChosenTool = yield* Clincus.chooseTool(settings, "claude")
 *   return `${tool.title} ${bypass ? "acts without asking" : "asks first"}`
 * }).pipe(Effect.catchTags({
 *   UnknownTool: ({ known }) => Effect.fail(`there are ${known.join(", ")}`),
 *   ToolMisconfigured: ({ reason }) => Effect.fail(reason)
 * }))
 */
export const chooseTool = (
  settings: Settings,
  name: string,
  others: ReadonlyArray<Tool> = []
): Effect.Effect<ChosenTool, UnknownTool | ToolMisconfigured> =>
  Effect.gen(function*() {
    const own = Object.hasOwn(settings.tool.named, name) ? settings.tool.named[name] : undefined
    const known = [...others, ...builtIn].find((tool) => tool.name === name)
    if (known === undefined && own === undefined) {
      return yield* new UnknownTool({ tool: name, known: toolNames(settings, others) })
    }
    const described = yield* known === undefined ? describeTool(name, own ?? {}) : adjusted(known, own ?? {})
    const binary = name === settings.tool.name ? settings.tool.binary ?? described.binary : described.binary
    return { tool: { ...described, binary }, bypass: own?.permission !== "ask" }
  })
