import { expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { dirname, join } from "node:path"
import { IncusService } from "../../src/incus/IncusService.ts"
import { HistoryStore } from "../../src/session/HistoryStore.ts"
import { onGround } from "../contract/support/onGround.ts"
import { eventually } from "../daemon/support/eventually.ts"
import * as Library from "../daemon/support/library.ts"
import { containers, inside, screen, texts, type, untilStatus } from "../daemon/support/look.ts"
import { succeeds } from "../daemon/support/program.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { image, World } from "../daemon/support/World.ts"
import { modelUrl, requestsOf, serveModel } from "./model/serve.ts"

/** Whatever begins like this must not be found in a saved session. */
const secret = "sk-ant-api03-not-to-be-kept"
const secretEnd = "0123456789-not-to-be-kept"

/** Both tools, as their users have set them up. */
const files = (home: string): Record<string, string> => ({
  [join(home, ".claude/settings.json")]: JSON.stringify({
    theme: "light",
    env: { OF_MINE: `${secret}-in-settings` },
    statusLine: { type: "command", command: "echo my status line, $OF_MINE" }
  }),
  [join(home, ".claude/CLAUDE.md")]: "Always say word-mine.\n",
  [join(home, ".claude.json")]: JSON.stringify({
    theme: "light",
    mcpServers: { mine: { command: "true", env: { TOKEN: `${secret}-in-mcp` } } },
    projects: { "/elsewhere": { hasTrustDialogAccepted: true } }
  }),
  [join(home, ".config/opencode/opencode.json")]: JSON.stringify({
    model: "anthropic/claude-sonnet-4-5",
    small_model: "anthropic/claude-haiku-4-5",
    provider: { anthropic: { options: { baseURL: `${modelUrl}/v1` } } }
  }),
  [join(home, ".local/share/opencode/auth.json")]: JSON.stringify({
    anthropic: { type: "api", key: `${secret}-opencode` }
  })
})

const configuration = `
[defaults]
image = "${image}"

[environment.set]
# Nothing that is asked for here is to be found outside.
CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1"
OPENCODE_DISABLE_MODELS_FETCH = "1"
`

const environment = { ANTHROPIC_API_KEY: `${secret}-${secretEnd}`, ANTHROPIC_BASE_URL: modelUrl }

/** What each tool shows when it waits for words, and at no time before that. */
const ready = { claude: "bypass permissions on", opencode: "ctrl+p commands" } as const
type ToolName = keyof typeof ready

/** Questions of a first start. */
const questions = /trust|text style|log ?in method|API key|accept|security notes|missing|warning|error/i

/** Tools of some 200 MB start slowly on a machine that has much to do (ms). */
const patience = 300_000
const patiently = Effect.retry({ times: 4 })

const write = (file: string, text: string) => {
  Fs.mkdirSync(dirname(file), { recursive: true })
  Fs.writeFileSync(file, text)
}

/** The user's files and configuration, a workspace, and a terminal in it. */
const begin = (options: { readonly uid?: number; readonly permission?: string } = {}) =>
  Effect.gen(function*() {
    const { configure, home, workspace } = yield* World
    yield* configure(`${configuration}${options.permission ?? ""}`)
    for (const [file, text] of Object.entries(files(home))) write(file, text)
    const uid = options.uid ?? 1000
    const directory = workspace({ uid, gid: uid })
    const window = { directory, columns: 100, rows: 40, environment }
    return { directory, window, terminal: yield* openTerminal(window) }
  })

const only = Effect.map(containers, (all) => Object.keys(all).join())

const untilShown = (container: string, text: string) =>
  patiently(
    eventually(`"${text}" on the screen of ${container}`, screen(container), (seen) => seen.includes(text))
  )

/** Files of all saved sessions in which a secret stands. */
const leaks = Effect.map(
  World,
  ({ saved }) =>
    texts(saved).filter(([, text]) => text.includes(secret) || text.includes(secretEnd)).map(([file]) => file)
)

/** What the model answers to somebody who has said these words in one conversation. */
const answer = (tool: ToolName, ...words: ReadonlyArray<string>) =>
  `I heard ${[...(tool === "claude" ? ["word-mine"] : []), ...words].join(" and ")}.`

/** Ends a tool by its own command. */
const exits = { claude: "/exit", opencode: "/exit" } as const

onGround(Library.layer, "the real tools", (it) => {
  for (const tool of ["claude", "opencode"] as const) {
    it.scoped(
      `${tool} asks nothing, is talked to, is killed, and goes on where it was`,
      () =>
        Effect.gen(function*() {
          const { terminal } = yield* begin()
          yield* terminal.line(`clincus shell --tool ${tool}`)
          const first = yield* patiently(terminal.shows(ready[tool]))
          expect(first).not.toMatch(questions)
          const container = yield* only
          expect(yield* inside(container, `stat -c %U /proc/$(pgrep -o -f '^${tool}')`)).toBe("code\n")
          yield* serveModel(container)
          yield* terminal.line("remember word-apple")
          yield* patiently(terminal.shows(answer(tool, "word-apple")))
          // Typed from elsewhere: what is pasted is also submitted, two lines at once too.
          yield* type(container, "remember word-pear\nand 'word-plum' too")
          yield* patiently(terminal.shows(answer(tool, "word-apple", "word-pear", "word-plum")))

          yield* succeeds("kill", "--force", container)
          yield* patiently(
            terminal.until("the shell of the host", (seen) => seen.trimEnd().endsWith("host$"))
          )
          expect(yield* leaks).toEqual([])

          yield* terminal.clear
          yield* terminal.line("clincus shell --resume; echo status=$?")
          // On the screen before any model could have said it again.
          const again = yield* patiently(terminal.shows(answer(tool, "word-apple", "word-pear", "word-plum")))
          expect(again).not.toMatch(questions)
          yield* patiently(terminal.shows(ready[tool]))
          const second = yield* only
          yield* serveModel(second)
          yield* terminal.line("remember word-cherry")
          yield* patiently(
            terminal.shows(answer(tool, "word-apple", "word-pear", "word-plum", "word-cherry"))
          )
          const keys = (yield* requestsOf(second)).map(({ headers }) => headers["x-api-key"])
          expect(new Set(keys)).toEqual(
            new Set([tool === "claude" ? environment.ANTHROPIC_API_KEY : `${secret}-opencode`])
          )

          yield* type(second, exits[tool])
          expect(yield* patiently(terminal.status)).toBe(0)
          yield* untilStatus(second, "Gone")
          expect(yield* leaks).toEqual([])
          const history = yield* HistoryStore
          const { sessions } = yield* history.list
          expect(sessions.filter((session) => session.tool === tool)).toMatchObject([{
            end: { reason: "exited", status: 0 }
          }])
        }),
      patience
    )
  }

  it.scoped(
    "slots of one workspace know nothing of each other, and each comes back as itself",
    () =>
      Effect.gen(function*() {
        const { directory, terminal, window } = yield* begin({ uid: 0 })
        const slots = [[1, "claude", "word-one"], [2, "opencode", "word-two"], [
          3,
          "claude",
          "word-three"
        ]] as const
        const started = yield* Effect.forEach(slots, ([slot, tool, word]) =>
          Effect.gen(function*() {
            yield* terminal.line(`clincus shell --background --slot ${slot} --tool ${tool}`)
            const container = yield* patiently(
              eventually(
                `slot ${slot}`,
                containers,
                (all) => Object.keys(all).some((name) => name.endsWith(`-${slot}`))
              )
            ).pipe(Effect.map((all) => Object.keys(all).find((name) => name.endsWith(`-${slot}`)) ?? ""))
            yield* patiently(terminal.shows(`clincus kill ${container}`))
            yield* terminal.clear
            return { container, slot, tool, word }
          }))
        for (const { container, tool, word } of started) {
          yield* untilShown(container, ready[tool])
          yield* serveModel(container)
          yield* type(container, `remember ${word}`)
        }
        for (const { container, tool, word } of started) yield* untilShown(container, answer(tool, word))

        // Not even clincus knows of it.
        const { instances } = yield* IncusService
        yield* Effect.forEach(started, ({ container }) => instances.destroy(container))
        for (const { slot, tool, word } of started.toReversed()) {
          const resumed = yield* openTerminal(window)
          yield* resumed.line(`clincus shell --resume --slot ${slot}`)
          yield* patiently(resumed.shows(answer(tool, word)))
          yield* patiently(resumed.shows(ready[tool]))
        }
        for (const { container, tool, word } of started) {
          yield* serveModel(container)
          yield* type(container, "remember word-more")
          yield* untilShown(container, answer(tool, word, "word-more"))
          yield* succeeds("kill", "--force", container)
        }
        expect(yield* leaks).toEqual([])
        expect(Fs.statSync(directory).uid).toBe(0)
      }),
    patience
  )

  it.scoped(
    "a conversation of Claude Code is found after /clear, and in a directory with a long path, and is not cleaned away",
    () =>
      Effect.gen(function*() {
        const { configure, root, workspace } = yield* World
        const { window } = yield* begin()
        yield* configure(`${configuration}\n[paths]\npreserve_workspace_path = true\n`)
        const directory = join(
          workspace(),
          ...Array.from({ length: 8 }, () => "adirectorywithalongname")
        )
        Fs.mkdirSync(directory, { recursive: true })
        for (let here = directory; here !== root; here = dirname(here)) Fs.chownSync(here, 1000, 1000)
        expect(directory.length).toBeGreaterThan(200)
        const kept = Effect.map(
          succeeds("clean", "--dry-run"),
          (text) => expect(text).toBe("Nothing to clean.\n")
        )
        const come = (...args: ReadonlyArray<string>) =>
          Effect.gen(function*() {
            const terminal = yield* openTerminal({ ...window, directory })
            yield* terminal.line(`clincus shell ${args.join(" ")}`)
            yield* patiently(terminal.shows(ready.claude))
            const container = yield* only
            yield* serveModel(container)
            return { container, terminal }
          })
        const first = yield* come()
        yield* first.terminal.line("remember word-before")
        yield* patiently(first.terminal.shows(answer("claude", "word-before")))
        yield* first.terminal.line("/clear")
        yield* patiently(first.terminal.until("an empty screen", (seen) => !seen.includes("word-before")))
        yield* first.terminal.line("remember word-after")
        yield* patiently(first.terminal.shows(answer("claude", "word-after")))
        yield* succeeds("kill", "--force", first.container)
        yield* kept

        const second = yield* come("--resume")
        yield* patiently(second.terminal.shows(answer("claude", "word-after")))
        yield* second.terminal.line("/clear")
        yield* patiently(second.terminal.until("an empty screen", (seen) => !seen.includes("word-after")))
        yield* second.terminal.line("/exit")
        yield* untilStatus(second.container, "Gone")
        yield* kept

        // Nothing was said since the screen was cleared, so what was said last goes on.
        const third = yield* come("--resume")
        const seen = yield* patiently(third.terminal.shows(answer("claude", "word-after")))
        expect(seen).not.toContain("word-before")
        yield* third.terminal.line("remember word-more")
        yield* patiently(third.terminal.shows(answer("claude", "word-after", "word-more")))
        yield* succeeds("kill", "--force", third.container)
      }),
    patience
  )

  it.scoped(
    "Claude Code asks where it is told to, with the user's settings, which stay as they are",
    () =>
      Effect.gen(function*() {
        const { home } = yield* World
        const { terminal } = yield* begin({ permission: `\n[tool.claude]\npermission = "ask"\n` })
        yield* terminal.line("clincus shell")
        const seen = yield* patiently(terminal.shows(`my status line, ${secret}-in-settings`))
        expect(seen).not.toContain("bypass permissions")
        expect(seen).not.toContain("auto mode")
        expect(seen).not.toMatch(questions)
        const container = yield* only
        const settings = yield* inside(container, "cat /home/code/.claude/settings.json")
        expect(JSON.parse(settings)).toEqual({
          ...JSON.parse(files(home)[join(home, ".claude/settings.json")] ?? ""),
          // What is saved is ours to keep.
          cleanupPeriodDays: 36_500
        })
        const global = yield* inside(container, "cat /home/code/.claude/.claude.json")
        expect(JSON.parse(global)).toMatchObject({
          theme: "light",
          mcpServers: { mine: { command: "true" } }
        })
        expect(global).not.toContain("/elsewhere")
        yield* serveModel(container)
        yield* terminal.line("remember word-apple")
        yield* patiently(terminal.shows(answer("claude", "word-apple")))
        yield* succeeds("kill", "--force", container)
        expect(yield* leaks).toEqual([])

        // What was taken out of the saved session is given again.
        yield* terminal.until("the shell of the host", (screen) => screen.trimEnd().endsWith("host$"))
        yield* terminal.clear
        yield* terminal.line("clincus shell --resume")
        yield* patiently(terminal.shows(answer("claude", "word-apple")))
        yield* patiently(terminal.shows(`my status line, ${secret}-in-settings`))
        yield* succeeds("kill", "--force", yield* only)
        expect(yield* leaks).toEqual([])
        for (const [file, text] of Object.entries(files(home))) {
          expect(Fs.readFileSync(file, "utf8")).toBe(text)
        }
      }),
    patience
  )
})
