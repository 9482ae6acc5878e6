import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { join } from "node:path"
import * as Library from "../daemon/support/library.ts"
import { inside } from "../daemon/support/look.ts"
import { background, json, run, succeeds } from "../daemon/support/program.ts"
import { repository } from "../daemon/support/repository.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { World } from "../daemon/support/World.ts"

const hostile = "\u001b[31mred\nnext\u202e.sh"

/** What an agent might leave, in the container. */
const left = `
cd /workspace
echo '{"scripts":{"postinstall":"evil"}}' > package.json
cp /bin/true suid; chmod 4755 suid
git init -q sub; git -C sub config core.fsmonitor evil
mkdir -p node_modules/.bin node_modules/a; echo x > node_modules/a/cli; chmod 755 node_modules/a/cli; ln -s ../a/cli node_modules/.bin/a
ln -s /etc/passwd out
printf x > $'${hostile.replace("\n", "\\n").replace("\u001b", "\\e")}'; chmod 755 *.sh
echo 1 > one; git add one; git commit -qm one; echo 2 > one; git commit -qam two
! GIT_SEQUENCE_EDITOR="sed -i '1i exec false\\nexec evil'" git rebase -q -i HEAD~1
echo plain > plain
`

const Risky = Schema.Struct({
  risky: Schema.Array(
    Schema.Struct({ kind: Schema.String, path: Schema.String, count: Schema.Int, why: Schema.String })
  )
})

describe("clincus diff", () => {
  Library.test(
    "lists what runs later on the host, whatever its name, of a session that runs and of one that has ended",
    () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const directory = workspace()
        repository(directory)
        yield* Effect.sleep("20 millis")
        const { container, session } = yield* background(directory, "--debug")
        // The control: nothing has been done yet, and what stands in for absent paths is nobody's change.
        expect(yield* json("diff", container)).toMatchObject({
          session,
          workspace: directory,
          changed: [],
          risky: []
        })
        yield* inside(container, left, 1000)
        const kinds = [
          ["link", "out", 1],
          ["program", hostile, 1],
          ["program", "node_modules", 2],
          ["rebase", ".git/rebase-merge/git-rebase-todo", 1],
          ["repository", "sub/.git", 1],
          ["script", "package.json", 1],
          ["set-id", "suid", 1]
        ]
        const risky = (...names: ReadonlyArray<string>) =>
          json("diff", "--risky", ...names).pipe(
            Effect.flatMap(Schema.decodeUnknown(Risky)),
            Effect.map(({ risky }) => risky.map(({ count, kind, path }) => [kind, path, count]))
          )
        expect(yield* risky(container)).toEqual(kinds)
        const shown = yield* succeeds("diff", "--risky")
        expect(shown).not.toMatch(/[\u001b\u202e]/)
        expect(shown.trim().split("\n")).toHaveLength(kinds.length + 1)
        expect(yield* succeeds("diff", container)).toContain("plain\n")
        yield* succeeds("kill", "--force", container)
        expect(yield* risky(session.slice(0, 8))).toEqual(kinds)
        // A change of the host's to a protected file is told too.
        Fs.appendFileSync(join(directory, ".git/config"), "[a]\n\tb = c\n")
        expect(yield* succeeds("diff", "--risky", session)).toMatch(/protected +\.git\/config/)
        expect((yield* run(["diff", "none-such"])).status).toBe(1)
      }),
    60_000
  )

  Library.test(
    "is pointed to at the end of a session that has something to look at, and only then",
    () =>
      Effect.gen(function*() {
        const { workspace } = yield* World
        const directory = workspace()
        yield* Effect.sleep("20 millis")
        const terminal = yield* openTerminal({ directory, columns: 160 })
        yield* terminal.line("clincus shell --debug")
        yield* terminal.shows("code@")
        yield* terminal.line("echo x > plain; exit")
        expect(yield* terminal.shows("exited")).not.toContain("diff --risky")
        yield* terminal.line("clear; clincus shell --debug")
        yield* terminal.shows("code@")
        yield* terminal.line("echo x > Makefile; exit")
        expect(yield* terminal.shows("clincus diff --risky")).toContain(
          "Note: 1 thing changed that may run later on this machine (script)"
        )
      }),
    60_000
  )
})
