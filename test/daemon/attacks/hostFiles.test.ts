import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import { join } from "node:path"
import { HistoryStore } from "../../../src/session/HistoryStore.ts"
import { reconcile } from "../../../src/session/reconcile.ts"
import { eventually } from "../support/eventually.ts"
import * as Library from "../support/library.ts"
import { containers, inside, statusOf, withoutOffSwitch } from "../support/look.ts"
import { otherUser, treasure } from "../support/otherUser.ts"
import { background, clincus, run, succeeds } from "../support/program.ts"
import { openTerminal } from "../support/terminal.ts"
import { World } from "../support/World.ts"

/** How long each attack goes on (ms); longer by hand. */
const duration = Number(process.env["CLINCUS_ATTACK_SECONDS"] ?? "12") * 1000

/**
 * What an agent with root in its container can do to be removed from at the wrong moment: directories that the host
 * empties at the end of a session are swapped for a link, and the system reboots all the time.
 */
const attack = (home: string, target: string) =>
  `${withoutOffSwitch}
cat > /opt/attack <<'END'
#!/bin/bash
echo boot >> /workspace/boots
for n in backups sessions telemetry; do mv -T ${home}/$n ${home}/.y-$n; ln -s ${target} ${home}/$n; done 2>/dev/null
sleep 0.3
for n in backups sessions telemetry; do rm -rf ${home}/$n; mv -T ${home}/.y-$n ${home}/$n 2>/dev/null
  for d in d0 d1 d2; do mkdir -p ${home}/$n/$d; (cd ${home}/$n/$d && touch f{0..99}); done; chown -R code: ${home}/$n; done
for ((i = 0; i < 50; i++)); do for n in backups sessions telemetry; do
  mv -T ${home}/$n ${home}/.y-$n; ln -s ${target} ${home}/$n; rm -f ${home}/$n; mv -T ${home}/.y-$n ${home}/$n; done; done 2>/dev/null
reboot -f || systemctl reboot
END
chmod +x /opt/attack
printf '[Unit]\\nDefaultDependencies=no\\n[Service]\\nExecStart=/opt/attack\\n' > /etc/systemd/system/attack.service
mkdir -p /etc/systemd/system/sysinit.target.wants
ln -sf /etc/systemd/system/attack.service /etc/systemd/system/sysinit.target.wants/attack.service
setsid /opt/attack </dev/null >/dev/null 2>&1 &
`

describe("files of the host", () => {
  for (const [who, uid] of [["root", 0], ["a user", 1000]] as const) {
    Library.test(
      `are not reached by a container that reboots and swaps directories for links, whatever ${who} runs meanwhile`,
      () =>
        Effect.gen(function*() {
          const { saved, workspace } = yield* World
          const directory = workspace({ uid: 1000 })
          const { directory: target, isWhole } = yield* treasure
          const user = uid === 0
            ? {
              background: background,
              run: (at: string, ...args: ReadonlyArray<string>) => run(args, { directory: at }),
              succeeds: (at: string, ...args: ReadonlyArray<string>) => run(args, { directory: at })
            }
            : yield* otherUser(uid)
          const begin = (...mode: ReadonlyArray<string>) =>
            Effect.gen(function*() {
              const session = yield* user.background(directory, "--tool", "claude", "--debug", ...mode)
              yield* inside(session.container, attack("/home/code/.claude", target))
              return session
            })
          const sessions = [yield* begin(), yield* begin("--persistent")]
          const until = Date.now() + duration
          // On a busy machine a reboot takes its time.
          const boots = () =>
            Fs.existsSync(join(directory, "boots"))
              ? Fs.readFileSync(join(directory, "boots"), "utf8").length / 5
              : 0
          while (Date.now() < until || (boots() < 6 && Date.now() < until + 60_000)) {
            yield* Effect.all([
              user.run(directory, "list"),
              user.run(directory, "clean", "--force"),
              user.run(directory, "attach", sessions[0]?.container ?? "")
            ], { concurrency: "unbounded" })
            expect(isWhole()).toBe(true)
          }
          yield* user.run(directory, "kill", "--force", ...sessions.map(({ container }) => container))
          expect(isWhole()).toBe(true)
          // The attack did go on.
          expect(boots()).toBeGreaterThan(5)
          // The control: what is to be removed at the end is removed, and nothing is left open.
          yield* user.succeeds(directory, "kill", "--all", "--force")
          yield* user.succeeds(directory, "list")
          expect(yield* containers).toEqual({})
          expect(Fs.readdirSync(join(saved, "open"))).toEqual([])
          for (const { session } of sessions) {
            const at = join(saved, "sessions-claude", session)
            const left = Fs.readdirSync(join(at, ".claude")).filter((name) =>
              ["backups", "sessions", "telemetry"].includes(name)
            )
            expect([left, Fs.readFileSync(join(at, "metadata.json"), "utf8")]).toEqual([
              [],
              expect.any(String)
            ])
          }
          expect(isWhole()).toBe(true)
        }),
      180_000 + duration
    )
  }

  Library.test("a reboot is no end: the session goes on, and its credentials are removed when it has ended", () =>
    Effect.gen(function*() {
      const { home, saved, workspace } = yield* World
      Fs.mkdirSync(join(home, ".claude"), { recursive: true })
      Fs.writeFileSync(join(home, ".claude/.credentials.json"), "secret")
      for (const mode of [[], ["--persistent"]]) {
        const { container, session } = yield* background(workspace(), "--tool", "claude", "--debug", ...mode)
        const credentials = join(saved, "sessions-claude", session, ".claude/.credentials.json")
        const open = join(saved, "open", `claude.${session}`)
        yield* Effect.ignore(inside(container, `${withoutOffSwitch} reboot -f || systemctl reboot`))
        // Every look of these falls into the reboot.
        for (let turn = 0; turn < 8; turn++) yield* clincus("list")
        yield* eventually("it runs", statusOf(container), (status) => status === "Running")
        expect([Fs.existsSync(credentials), Fs.existsSync(open)]).toEqual([true, true])
        yield* succeeds("kill", "--force", container)
        expect([Fs.existsSync(credentials), Fs.existsSync(open)]).toEqual([false, false])
      }
    }))

  Library.test("a record that names what is not in the session is refused, another one is done", () =>
    Effect.gen(function*() {
      const { saved } = yield* World
      const history = yield* HistoryStore
      const { directory: target, isWhole } = yield* treasure
      const record = (remove: ReadonlyArray<string>, id = randomUUID()) => {
        Fs.mkdirSync(join(saved, "open"), { recursive: true })
        Fs.mkdirSync(join(saved, "sessions-claude", id, ".claude"), { recursive: true })
        Fs.writeFileSync(join(saved, "sessions-claude", id, ".claude/token"), "secret")
        Fs.writeFileSync(join(saved, "sessions-claude", id, "metadata.json"), "{}")
        const file = join(saved, "open", `claude.${id}`)
        Fs.writeFileSync(file, JSON.stringify({ tool: "claude", id, since: 0, remove, scrub: [] }))
        return { file, token: join(saved, "sessions-claude", id, ".claude/token") }
      }
      const attacks = ["../../../../treasure", target, ".claude/../../../..", "a\0b", ".", ""].map((path) =>
        record([path])
      )
      const control = record([".claude/token"])
      yield* reconcile
      expect(isWhole()).toBe(true)
      expect(attacks.every(({ file, token }) => Fs.existsSync(file) && Fs.existsSync(token))).toBe(true)
      expect(Fs.existsSync(control.token)).toBe(false)
      expect((yield* history.runs.list).damaged.toSorted()).toEqual(
        attacks.map(({ file }) => file).toSorted()
      )
      const listed = yield* clincus("list")
      expect(listed).toMatchObject({ status: 0, stderr: expect.stringContaining(attacks[0]?.file ?? "?") })
    }))

  Library.test("a workspace that holds the saved sessions, the home directory or clincus's own configuration is refused", () =>
    Effect.gen(function*() {
      const { home, root, saved, workspace } = yield* World
      const refused = (directory: string, what: string, ...args: ReadonlyArray<string>) =>
        Effect.gen(function*() {
          const result = yield* run(["shell", "--background", "--debug", ...args], { directory })
          expect(result.status).toBe(1)
          expect(result.stderr).toContain(what)
        })
      yield* succeeds("list")
      yield* refused(root, "your home directory")
      yield* refused(home, "your home directory")
      const inner = join(saved, "sessions-claude", randomUUID(), ".claude")
      Fs.mkdirSync(inner, { recursive: true })
      yield* refused(inner, "what is saved of all sessions")
      yield* refused(join(home, ".config"), "the configuration that clincus obeys")
      yield* (yield* World).configure(
        `${(yield* World).configuration}\n[paths]\nsessions_dir = "${root}-apart"\n`
      )
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => Fs.rmSync(`${root}-apart`, { recursive: true, force: true }))
      )
      yield* refused(home, "your home directory")
      const link = `${root}-apart/link`
      Fs.mkdirSync(`${root}-apart`)
      Fs.symlinkSync(home, link)
      yield* refused(link, "your home directory")
      expect(yield* containers).toEqual({})
      // Without a terminal nobody can mean it; with one somebody can.
      const unseen = yield* run(["shell", "--background", "--debug", "--allow-home"], { directory: home })
      expect(unseen.status).toBe(2)
      const terminal = yield* openTerminal({ directory: home })
      yield* terminal.line("clincus shell --background --debug --allow-home; echo status=$?")
      expect(yield* terminal.status).toBe(0)
      yield* succeeds("kill", "--all", "--force")
      // The control: a directory beside them.
      const { container } = yield* background(workspace(), "--debug")
      expect(yield* statusOf(container)).toBe("Running")
    }))

  Library.test("what is a link, a pipe or endless in the place of metadata holds nobody up", () =>
    Effect.gen(function*() {
      const { saved } = yield* World
      const history = yield* HistoryStore
      const folder = join(saved, "sessions-claude")
      const at = (name: string) => join(folder, `00000000-0000-4000-8000-00000000000${name}`)
      for (const name of ["1", "2", "3"]) Fs.mkdirSync(at(name), { recursive: true })
      Fs.symlinkSync("/dev/zero", join(at("1"), "metadata.json"))
      Fs.mkdirSync(join(at("2"), "metadata.json"))
      Fs.writeFileSync(join(at("3"), "metadata.json"), "")
      Fs.truncateSync(join(at("3"), "metadata.json"), 2 ** 33)
      const { damaged, sessions } = yield* history.list
      expect(sessions).toEqual([])
      expect(damaged.length).toBe(3)
      expect(Option.isNone(yield* history.get({ tool: "claude", id: damaged[0]?.slice(-36) ?? "" }))).toBe(
        true
      )
    }))
})
