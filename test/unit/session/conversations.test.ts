import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { holdsWords, lastWritten, latestConversation } from "../../../src/session/conversations.ts"
import { claude } from "../../../src/tool/claude.ts"
import { codex } from "../../../src/tool/codex.ts"
import { copilot } from "../../../src/tool/copilot.ts"
import { gemini } from "../../../src/tool/gemini.ts"
import { opencode } from "../../../src/tool/opencode.ts"
import type { Tool } from "../../../src/tool/Tool.ts"

const [one, two] = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]
const json = (...lines: ReadonlyArray<unknown>) => lines.map((line) => `${JSON.stringify(line)}\n`).join("")

/** The state of a session with these files, each a minute younger than the one before it. */
const state = (files: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const root = Fs.mkdtempSync(join(tmpdir(), "clincus-words-"))
      Object.entries(files).forEach(([path, text], index) => {
        Fs.mkdirSync(dirname(join(root, path)), { recursive: true })
        Fs.writeFileSync(join(root, path), text)
        const written = 1_790_000_000 + index * 60
        Fs.utimesSync(join(root, path), written, written)
      })
      return root
    }),
    (root) => Effect.sync(() => Fs.rmSync(root, { recursive: true, force: true }))
  )

const look = (tool: Tool, files: Readonly<Record<string, string>>, directory = "/workspace") =>
  Effect.gen(function*() {
    const root = yield* state(files)
    return {
      words: yield* holdsWords(tool, root),
      latest: yield* latestConversation(tool, root, directory)
    }
  })

const nothing = { words: false, latest: { _tag: "Nothing" } }
const found = (id: string) => ({ words: true, latest: { _tag: "Found", id } })

describe("what was said to Claude Code", () => {
  const settings = json({ type: "mode", mode: "normal" }, {
    type: "permission-mode",
    permissionMode: "default"
  })
  const said = (text: string, cwd = "/workspace") =>
    settings + json({ type: "user", message: { role: "user", content: text }, promptSource: "typed", cwd })
  const cleared = settings + json(
    {
      type: "user",
      isMeta: true,
      message: { content: "<local-command-caveat>Caveat: …" },
      cwd: "/workspace"
    },
    { type: "user", message: { content: "<command-name>/clear</command-name>" }, cwd: "/workspace" },
    { type: "system", subtype: "local_command", content: "" }
  )
  const at = (id: string, folder = "-workspace") => `.claude/projects/${folder}/${id}.jsonl`

  it.scoped("is nothing before the first word: no file, settings alone, a cleared screen, commands", () =>
    Effect.gen(function*() {
      expect(yield* look(claude, {})).toEqual(nothing)
      expect(yield* look(claude, { [at(one)]: settings })).toEqual(nothing)
      expect(yield* look(claude, { [at(one)]: cleared })).toEqual(nothing)
      expect(
        yield* look(claude, { ".claude/history.jsonl": json({ display: "/exit" }, { display: "/clear" }) })
      )
        .toEqual(nothing)
    }))

  it.scoped("is found under whatever id and in whatever directory it stands, the last of it first", () =>
    Effect.gen(function*() {
      expect(yield* look(claude, { [at(one)]: said("hello") })).toEqual(found(one))
      expect(yield* look(claude, { [at(one)]: said("hello"), [at(two)]: said("more") })).toEqual(found(two))
      // After /clear the conversation has another id; before the first word in it the old one is the last.
      expect(yield* look(claude, { [at(one)]: said("hello"), [at(two)]: cleared })).toEqual(found(one))
      expect(yield* look(claude, { [at(one)]: said("hello"), [at(two)]: cleared + said("again") })).toEqual(
        found(two)
      )
      const long = `/${"long/".repeat(60)}`
      const cut = `${"-long".repeat(40)}-abc123`
      expect(yield* look(claude, { [at(one, cut)]: said("hello", long) }, long)).toEqual(found(one))
    }))

  it.scoped("is what the model answered to a command as well, and not what the tool itself says", () =>
    Effect.gen(function*() {
      const init = settings + json(
        { type: "user", message: { content: "<command-message>init</command-message>" }, cwd: "/workspace" },
        {
          type: "user",
          isMeta: true,
          message: { content: "Please analyze this codebase" },
          cwd: "/workspace"
        }
      )
      const answer = (model: string) =>
        json({ type: "assistant", message: { model, content: [{ type: "text", text: "Done" }] } })
      expect(yield* look(claude, { [at(one)]: init + answer("claude-x") })).toEqual(found(one))
      expect(yield* look(claude, { [at(one)]: init + answer("<synthetic>") })).toEqual(nothing)
    }))

  it.scoped("goes on in the directory that the tool is started in", () =>
    Effect.gen(function*() {
      const elsewhere = { [at(two, "-workspace-sub")]: said("aside", "/workspace/sub") }
      expect(yield* look(claude, { [at(one)]: said("hello"), ...elsewhere })).toEqual(found(one))
      expect(yield* look(claude, elsewhere)).toEqual(found(two))
    }))

  it.scoped("is kept in doubt, and nothing that a container names leads elsewhere", () =>
    Effect.gen(function*() {
      expect((yield* look(claude, { ".claude/history.jsonl": "not json\n" })).words).toBe(true)
      for (const display of ["fix it", "/init", "/review the last change", "!make"]) {
        expect((yield* look(claude, { ".claude/history.jsonl": json({ display }) })).words).toBe(true)
      }
      const large = `${settings}${"x".repeat(9 * 1024 * 1024)}\n`
      expect(yield* look(claude, { [at(one)]: large })).toEqual(found(one))
      const started = Date.now()
      expect(yield* look(claude, { [at(one)]: "\n".repeat(8_000_000) })).toEqual(found(one))
      expect(Date.now() - started).toBeLessThan(10_000)
      expect(yield* look(claude, { [at("--help")]: said("hello"), [at("x; reboot")]: said("hello") }))
        .toEqual(nothing)
      // Files beside the transcripts, and deeper ones, are none.
      expect(
        yield* look(claude, { [`.claude/projects/-workspace/${one}/subagents/agent-1.jsonl`]: said("sub") })
      ).toEqual(nothing)
      const root = yield* state({ [at(one)]: said("hello"), "outside.jsonl": said("hello") })
      Fs.rmSync(join(root, at(one)))
      Fs.symlinkSync(join(root, "outside.jsonl"), join(root, at(one)))
      expect(yield* latestConversation(claude, root, "/workspace")).toEqual({ _tag: "Nothing" })
    }))
})

describe("what was said to the other tools", () => {
  it.scoped("Codex", () =>
    Effect.gen(function*() {
      const at = (id: string, time = "2026-11-25T12-00-00") =>
        `.codex/sessions/2026/11/25/rollout-${time}-${id}.jsonl`
      const own = json({
        type: "response_item",
        payload: {
          type: "message",
          role: "user",
          content: [{ type: "input_text", text: "<environment_context>" }]
        }
      })
      const turn = json({
        type: "event_msg",
        payload: { type: "item_completed", item: { type: "UserMessage" } }
      })
      const older = json({ type: "event_msg", payload: { type: "user_message", message: "hello" } })
      expect(yield* look(codex, {})).toEqual(nothing)
      expect(yield* look(codex, { [at(one)]: own })).toEqual(nothing)
      expect(yield* look(codex, { [at(one)]: own + turn, [at(two)]: own })).toEqual(found(one))
      expect(yield* look(codex, { [at(one)]: own + turn, [at(two)]: older })).toEqual(found(two))
      expect((yield* look(codex, { ".codex/history.jsonl": json({ text: "hello" }) })).words).toBe(true)
    }))

  it.scoped("Gemini CLI", () =>
    Effect.gen(function*() {
      const at = (id: string) =>
        `.gemini/tmp/workspace/chats/session-2026-11-25T12-00-${id.slice(0, 8)}.jsonl`
      const start = (id: string) =>
        json({ sessionId: id, kind: "main" }, {
          $set: { messages: [{ type: "user", content: [{ text: "<session_context>\nThis is" }] }] }
        })
      const turn = (text: string) => json({ type: "user", content: [{ text }] })
      expect(yield* look(gemini, {})).toEqual(nothing)
      expect(yield* look(gemini, { [at(one)]: start(one) + turn("/quit") })).toEqual(nothing)
      expect(yield* look(gemini, { [at(one)]: start(one) + turn("hello"), [at(two)]: start(two) })).toEqual(
        found(one)
      )
      const changed = json({ $set: { messages: [{ type: "user", content: "hello" }] } })
      expect(yield* look(gemini, { [at(two)]: start(two) + changed })).toEqual(found(two))
    }))

  it.scoped("Copilot CLI", () =>
    Effect.gen(function*() {
      const at = (id: string, file = "events.jsonl") => `.copilot/session-state/${id}/${file}`
      const start = json({ type: "session.start", data: { sessionId: one } })
      const turn = json({ type: "user.message", data: { content: "hello" } })
      expect(yield* look(copilot, { [at(one, "workspace.yaml")]: "id: x" })).toEqual(nothing)
      expect(yield* look(copilot, { [at(one)]: start })).toEqual(nothing)
      expect(yield* look(copilot, { [at(one)]: start + turn, [at(two)]: start })).toEqual(found(one))
      const typed = (...commandHistory: ReadonlyArray<string>) => ({
        ".copilot/command-history-state.json": JSON.stringify({ commandHistory })
      })
      expect(yield* look(copilot, typed("/exit", "/clear"))).toEqual(nothing)
      expect((yield* look(copilot, typed("/exit", "hello"))).words).toBe(true)
    }))

  it.scoped("opencode, whose database only itself can read", () =>
    Effect.gen(function*() {
      const at = ".local/share/opencode/opencode.db"
      expect(yield* look(opencode, {})).toEqual(nothing)
      expect(yield* look(opencode, { [at]: "SQLite", [`${at}-wal`]: "create table message" })).toEqual(
        nothing
      )
      const unknown = { words: true, latest: { _tag: "Unknown" } }
      expect(yield* look(opencode, { [at]: "SQLite", [`${at}-wal`]: "\0msg_212ceb17d" })).toEqual(unknown)
      expect(
        (yield* look(opencode, { ".local/state/opencode/prompt-history.jsonl": json({ input: "hello" }) }))
          .words
      )
        .toBe(true)
    }))
})

describe("when something was last said", () => {
  const when = (tool: Tool | undefined, files: Readonly<Record<string, string>>) =>
    Effect.flatMap(state(files), (root) => Effect.map(lastWritten(tool, root), Option.getOrUndefined))
  const minutes = (count: number) => (1_790_000_000 + count * 60) * 1000

  it.scoped("is read from the conversations, and not from what is written beside them", () =>
    Effect.gen(function*() {
      const projects = ".claude/projects/-workspace"
      expect(
        yield* when(claude, {
          [`${projects}/${two}.jsonl`]: "",
          [`${projects}/${one}.jsonl`]: "",
          [`${projects}/notes.txt`]: "",
          ".claude/.claude.json": "{}",
          "metadata.json": "{}"
        })
      ).toBe(minutes(1))
      expect(yield* when(claude, { ".claude/history.jsonl": "", ".claude/.claude.json": "{}" })).toBe(
        minutes(0)
      )
      expect(yield* when(opencode, { ".local/share/opencode/opencode.db-wal": "", "x": "" })).toBe(minutes(0))
      expect(yield* when(claude, { ".claude/.claude.json": "{}" })).toBeUndefined()
    }))

  it.scoped("is read from any file of a tool that nothing is known of", () =>
    Effect.gen(function*() {
      expect(yield* when(undefined, { ".mine/a/b/c": "", ".mine/d": "", "metadata.json": "{}" })).toBe(
        minutes(1)
      )
      expect(yield* when(undefined, { "metadata.json": "{}" })).toBeUndefined()
    }))
})
