import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import { join } from "node:path"
import { TmuxService } from "../../../src/guest/TmuxService.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { removeLeftovers } from "../../../src/session/clean.ts"
import { killSession } from "../../../src/session/end.ts"
import { HistoryStore } from "../../../src/session/HistoryStore.ts"
import { sessionNamed } from "../../../src/session/live.ts"
import { reconcile } from "../../../src/session/reconcile.ts"
import type { Session } from "../../../src/session/Session.ts"
import { eventually } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import { inside, texts, untilStatus } from "../support/look.ts"
import { World } from "../support/World.ts"

const keyOf = ({ id, tool }: Session) => ({ tool, id })

/** A session in a scope of its own. `close` ends it, `letGo` leaves it to itself. */
const startIn = (...args: Parameters<typeof Library.start>) =>
  Effect.gen(function*() {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const session = yield* Library.start(...args).pipe(Scope.extend(scope))
    const close = Scope.close(scope, Exit.void)
    return { session, close, letGo: Effect.zipRight(session.keep, close) }
  })

const typed = (session: Session, line: string) =>
  Effect.flatMap(TmuxService, (tmux) => tmux.send(session.guest, { text: line, keys: ["Enter"] }))

const untilFile = (file: string) =>
  eventually(file, Effect.sync(() => Fs.existsSync(file)), (exists) => exists)

describe("the state of a session", () => {
  describe("whose files", () => {
    for (
      const [who, owner, home] of [
        ["the image's user", { uid: 1000, gid: 1000 }, "/home/code"],
        ["another user", { uid: 1001, gid: 1001 }, "/home/code"],
        ["a user with another group", { uid: 1234, gid: 100 }, "/home/code"],
        ["root", { uid: 0, gid: 0 }, "/root"]
      ] as const
    ) {
      Library.test(`are made in a workspace of ${who} belong to its owner, outside as inside`, () =>
        Effect.gen(function*() {
          const { saved, workspace } = yield* World
          const directory = workspace(owner)
          Fs.writeFileSync(join(directory, "theirs"), "theirs", { mode: 0o600 })
          Fs.chownSync(join(directory, "theirs"), owner.uid, owner.gid)
          const session = yield* Library.start(directory)
          yield* typed(
            session,
            `touch ~/mine && id -u > made && id -g >> made && echo $HOME >> made && cat theirs >> made && touch done`
          )
          yield* untilFile(join(directory, "done"))
          const made = join(directory, "made")
          const within = owner.uid === 0 ? 0 : 1000
          expect(Fs.readFileSync(made, "utf8")).toBe(`${within}\n${within}\n${home}\ntheirs`)
          expect(Fs.statSync(made)).toMatchObject(owner)
          expect(Fs.statSync(join(saved, "sessions-fake", session.id, ".fake/conversation"))).toMatchObject(
            owner
          )
          expect(yield* inside(session.container, "stat -c %u:%g /workspace/theirs")).toBe(
            `${within}:${within}\n`
          )
        }))
    }
  })

  Library.test("any value of a variable reaches the tool, and stands on no command line and in no file", () =>
    Effect.gen(function*() {
      const { saved, workspace } = yield* World
      const directory = workspace()
      const secret = "s3cr3t-value"
      const value = `${secret} 'single' "double" $HOME \`id\` \\n %s ünïcödé 終\nsecond line\n\ttab; exit 9 #`
      const seen = new Set<string>()
      const scan = Effect.sync(() => {
        for (const process of Fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
          try {
            const line = Fs.readFileSync(`/proc/${process}/cmdline`, "utf8")
            if (line.includes(secret)) seen.add(line)
          } catch {
            // It has ended.
          }
        }
      })
      const watching = yield* Effect.fork(Effect.forever(Effect.zipRight(scan, Effect.sleep("2 millis"))))
      const session = yield* Library.start(directory, { environment: { VALUE: value, EMPTY: "" } })
      yield* typed(session, `printf %s "$VALUE" > value; printf %s "\${EMPTY-unset}" > empty; touch done`)
      yield* untilFile(join(directory, "done"))
      yield* Effect.sync(() => watching.unsafeInterruptAsFork(watching.id()))
      expect(Fs.readFileSync(join(directory, "value"), "utf8")).toBe(value)
      expect(Fs.readFileSync(join(directory, "empty"), "utf8")).toBe("")
      expect([...seen]).toEqual([])
      expect(texts(saved).filter(([, text]) => text.includes(secret))).toEqual([])
      const { instances } = yield* IncusService
      expect(JSON.stringify(yield* instances.get(session.container))).not.toContain(secret)
    }))

  describe("credentials are with the tool while it runs and not in what is saved", () => {
    const secret = "sk-very-secret"
    /** The user's own credentials and settings, for Claude Code and for the fake tool. */
    const logIn = Effect.gen(function*() {
      const { home } = yield* World
      for (const tool of [".claude", ".fake"]) Fs.mkdirSync(join(home, tool), { recursive: true })
      Fs.writeFileSync(join(home, ".claude/.credentials.json"), JSON.stringify({ token: secret }))
      Fs.writeFileSync(join(home, ".claude/settings.json"), JSON.stringify({ model: "mine" }))
      Fs.writeFileSync(
        join(home, ".claude.json"),
        JSON.stringify({ theme: "light", primaryApiKey: secret, projects: { "/elsewhere": {} } })
      )
      Fs.writeFileSync(join(home, ".fake/credentials.json"), secret)
    })
    const expectClean = (session: Session) =>
      Effect.gen(function*() {
        const history = yield* HistoryStore
        const found = texts(history.directory(keyOf(session))).filter(([, text]) => text.includes(secret))
        expect(found.map(([file]) => file)).toEqual([])
        expect((yield* history.runs.list).runs.map(({ id }) => id)).not.toContain(session.id)
      })
    /** A session of Claude Code (bash in its place) that has used its credentials. */
    const begin = Effect.gen(function*() {
      const { workspace } = yield* World
      yield* logIn
      const started = yield* startIn(workspace(), { tool: "claude", debug: true })
      const state = (yield* HistoryStore).directory(keyOf(started.session))
      expect(yield* inside(started.session.container, "cat ~code/.claude/.credentials.json")).toContain(
        secret
      )
      expect(Fs.statSync(join(state, ".claude/.credentials.json")).mode & 0o777).toBe(0o600)
      expect(JSON.parse(Fs.readFileSync(join(state, ".claude/settings.json"), "utf8"))).toMatchObject({
        model: "mine"
      })
      // As a tool does that mixes secrets with its settings.
      yield* inside(
        started.session.container,
        `cd ~/.claude && jq '.primaryApiKey = "${secret}"' .claude.json > new && mv new .claude.json`,
        1000
      )
      return { ...started, state }
    })

    Library.test("after a normal end, and what is no secret is kept", () =>
      Effect.gen(function*() {
        const { close, session, state } = yield* begin
        yield* close
        yield* expectClean(session)
        const settings = JSON.parse(Fs.readFileSync(join(state, ".claude/.claude.json"), "utf8"))
        expect(settings).toMatchObject({ theme: "light", hasCompletedOnboarding: true })
        expect(Object.keys(settings.projects)).toEqual(["/workspace"])
      }))

    Library.test("after a kill", () =>
      Effect.gen(function*() {
        const { letGo, session } = yield* begin
        yield* letGo
        yield* Effect.flatMap(sessionNamed(session.container), killSession)
        yield* expectClean(session)
      }))

    Library.test("after the tool ended with nobody there, even before the next command", () =>
      Effect.gen(function*() {
        const { letGo, session, state } = yield* begin
        yield* letGo
        yield* typed(session, "exit")
        yield* untilStatus(session.container, "Gone")
        expect(Fs.existsSync(join(state, ".claude/.credentials.json"))).toBe(false)
        yield* reconcile
        yield* expectClean(session)
      }))

    Library.test("by the next command after the container was deleted behind its back", () =>
      Effect.gen(function*() {
        const { instances } = yield* IncusService
        const { letGo, session } = yield* begin
        yield* letGo
        const up = Date.now()
        yield* Effect.sleep("1500 millis")
        yield* instances.destroy(session.container)
        expect(yield* reconcile).toMatchObject({ finished: [session.id] })
        yield* expectClean(session)
        const history = yield* HistoryStore
        const { end, endedAt, lastUsedAt } = Option.getOrThrow(yield* history.get(keyOf(session)))
        expect(end).toEqual({ reason: "lost" })
        // When it was lost nobody knows, but not that it was used until it was missed.
        expect(endedAt).toEqual(lastUsedAt)
        expect(lastUsedAt.getTime()).toBeLessThanOrEqual(up)
      }))

    Library.test("for a tool of the user's own", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        yield* logIn
        const { close, session } = yield* startIn(workspace())
        expect(yield* inside(session.container, "cat ~code/.fake/credentials.json")).toBe(secret)
        yield* close
        yield* expectClean(session)
      }))
  })

  describe("what a container wrote is not trusted", () => {
    /** A file and a directory of the host that a session has no business with. */
    const treasure = Effect.gen(function*() {
      const { root } = yield* World
      const directory = Fs.mkdtempSync(join(root, "treasure-"))
      Fs.writeFileSync(join(directory, "secret.json"), JSON.stringify({ primaryApiKey: "host" }))
      Fs.mkdirSync(join(directory, "full"))
      Fs.writeFileSync(join(directory, "full", ".credentials.json"), "host")
      const list = () =>
        texts(directory).map(([file, text]) => [file, text, Fs.statSync(file).mtimeMs, Fs.statSync(file).uid])
      return { directory, list }
    })

    Library.test("links in the place of credentials and settings are neither followed nor written through", () =>
      Effect.gen(function*() {
        const { home, workspace } = yield* World
        const { directory, list } = yield* treasure
        const before = list()
        Fs.mkdirSync(join(home, ".claude"), { recursive: true })
        Fs.writeFileSync(join(home, ".claude/.credentials.json"), "mine")
        const history = yield* HistoryStore
        const work = workspace()
        const { close, session } = yield* startIn(work, { tool: "claude", debug: true })
        yield* inside(
          session.container,
          `cd ~/.claude && rm -rf .credentials.json .claude.json &&
          ln -s ${directory}/secret.json .credentials.json && ln -s ${directory}/secret.json .claude.json &&
          ln -s ${directory}/full projects && ln -s ${directory} skills &&
          rm -f ../../var/lib/clincus/outcome/screen; ln -sf ${directory}/secret.json /var/lib/clincus/outcome/screen`,
          1000
        )
        yield* close
        expect(list()).toEqual(before)
        const saved = join(history.directory(keyOf(session)), ".claude")
        expect(Fs.readdirSync(saved)).not.toContain(".credentials.json")

        // On resume documents and credentials are written anew, in the place of the links.
        Fs.symlinkSync(join(directory, "secret.json"), join(saved, ".credentials.json"))
        const metadata = yield* history.get(keyOf(session))
        const again = yield* startIn(work, { tool: "claude", debug: true, resume: metadata })
        expect(list()).toEqual(before)
        expect(Fs.lstatSync(join(saved, ".credentials.json")).isFile()).toBe(true)
        expect(Fs.lstatSync(join(saved, ".claude.json")).isFile()).toBe(true)
        yield* again.close
        expect(list()).toEqual(before)
        // Forgetting the session removes the links, not what they lead to.
        yield* removeLeftovers([{
          kind: "saved",
          name: "",
          what: "",
          last: undefined,
          session: keyOf(session)
        }])
        expect(list()).toEqual(before)
      }))

    Library.test("a link in the place of a directory leads nowhere", () =>
      Effect.gen(function*() {
        const { home, workspace } = yield* World
        const { directory, list } = yield* treasure
        const before = list()
        yield* (yield* World).configure(`
          ${(yield* World).configuration}
          [tool.deep]
          binary = "/workspace/fake"
          state = [".deep"]
          credentials = [".deep/a/.credentials.json"]
        `)
        Fs.mkdirSync(join(home, ".deep/a"), { recursive: true })
        Fs.writeFileSync(join(home, ".deep/a/.credentials.json"), "mine")
        const history = yield* HistoryStore
        const work = workspace()
        const { close, session } = yield* startIn(work, { tool: "deep" })
        yield* inside(session.container, `cd ~/.deep && rm -rf a && ln -s ${directory}/full a`, 1000)
        yield* close
        expect(list()).toEqual(before)
        const again = yield* startIn(work, { tool: "deep", resume: yield* history.get(keyOf(session)) })
        expect(list()).toEqual(before)
        expect(yield* inside(again.session.container, "cat ~code/.deep/a/.credentials.json")).toBe("mine")
        yield* again.close
        expect(list()).toEqual(before)
      }))

    Library.test("pipes, devices and endless files in the outcome hold nobody up", () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const { close, letGo, session } = yield* startIn(workspace())
        const outcome = "/var/lib/clincus/outcome"
        yield* inside(session.container, `mkfifo ${outcome}/status`, 1000)
        expect(yield* session.outcome).toEqual(Option.none())
        yield* inside(session.container, `rm ${outcome}/status; ln -s /dev/zero ${outcome}/status`, 1000)
        expect(yield* session.outcome).toEqual(Option.none())
        yield* inside(
          session.container,
          `rm ${outcome}/status; echo 3 > ${outcome}/status; truncate -s 8G ${outcome}/screen`,
          1000
        )
        expect(yield* session.outcome).toEqual(Option.some({ status: 3, screen: "", overtime: false }))
        yield* inside(session.container, `echo 'rm -rf /' > ${outcome}/status`, 1000)
        expect(yield* session.outcome).toEqual(Option.none())
        yield* inside(session.container, `rm ${outcome}/status; mkfifo ${outcome}/status`, 1000)
        yield* letGo
        yield* close
        yield* Effect.flatMap(sessionNamed(session.container), killSession)
        const history = yield* HistoryStore
        expect(Option.getOrThrow(yield* history.get(keyOf(session))).end).toEqual({ reason: "killed" })
      }))
  })
})
