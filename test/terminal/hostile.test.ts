import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import { eventually } from "../daemon/support/eventually.ts"
import * as Library from "../daemon/support/library.ts"
import { inside, screen, type, untilScreen } from "../daemon/support/look.ts"
import { background, clincus, json, succeeds } from "../daemon/support/program.ts"
import { openTerminal } from "../daemon/support/terminal.ts"
import { World } from "../daemon/support/World.ts"

const quietModes = "alternate=0 cursor=1 mouse=0 keypad=0"

/** Puts a program of the agent's in the place of tmux. */
const replaceTmux = (container: string, script: string) =>
  inside(
    container,
    `mv /usr/bin/tmux /usr/bin/tmux-real && cat > /usr/bin/tmux <<'END'\n#!/bin/bash\n${script}\nEND\nchmod 755 /usr/bin/tmux`
  )

describe("a session that writes to the user's terminal what it likes", () => {
  Library.test("changes nothing that lasts, types nothing, asks for nothing and prints nothing", () =>
    Effect.gen(function*() {
      const { root, workspace } = yield* World
      const { container } = yield* background(workspace())
      yield* untilScreen(container, "ready")
      const evil = [
        "\\033[?1049h\\033[?1000h\\033[?1006h\\033[?2004h\\033[?1h\\033=\\033[?25l\\033[?7l\\033[4h\\033[5 q\\033(0\\016",
        "\\033[>1u\\033[>4;2m\\033[?5h\\033[20h\\033[5i\\033[4;1;1t\\033c\\005",
        "\\033]52;c;ZXZpbA==\\007\\033]2;evil title\\007\\033]4;1;red\\007\\033]9;evil\\007\\033Ptmux;\\033\\033]52;c;ZXZpbA==\\007\\033\\\\",
        "SHOWN",
        // The terminal is asked, and the answers come when nobody waits for them any more.
        "\\033[c\\033[>c\\033[6n\\033]11;?\\007\\033[c\\033[6n\\033[5n\\033[31"
      ].join("")
      yield* replaceTmux(
        container,
        `[[ "$*" = *attach* ]] && { printf '${evil}' >/dev/tty; exit 64; }\nexec tmux-real "$@"`
      )
      const terminal = yield* openTerminal({ directory: root, columns: 120 })
      const file = join(root, "bytes")
      yield* terminal.record(file)
      yield* terminal.line(`clincus attach ${container}; echo status=$?`)
      expect(yield* terminal.status).toBe(0)
      yield* Effect.sleep("500 millis")
      expect(yield* terminal.modes).toBe(quietModes)
      // Nothing was typed at the prompt, and what is typed now is plain.
      yield* terminal.line("echo lqqk; read -r x; echo \"<$x>\"")
      yield* terminal.shows("\nlqqk")
      yield* terminal.line("typed")
      yield* terminal.shows("<typed>")
      yield* terminal.shows("Note: the session wanted to set your clipboard.")
      expect(yield* terminal.clipboard).toBe("")
      const bytes = Fs.readFileSync(file, "latin1")
      expect(bytes).toContain("SHOWN")
      for (
        const not of ["\x1b[>1u", "\x1b[?5h", "\x1b[20h", "\x1b[5i", "\x1b[4;1;1t", "\x1bc", "\x05", "\x1bP"]
      ) {
        expect([not, bytes.includes(not)]).toEqual([not, false])
      }
      expect(bytes).not.toMatch(/\x1b\](4|9|52);/)
      for (
        const undone of [
          "\x1b[?1049l",
          "\x1b[?1000l",
          "\x1b[?2004l",
          "\x1b[>4m",
          "\x1b[?25h",
          "\x1b[?7h",
          "\x1b[4l",
          "\x1b[0 q"
        ]
      ) {
        expect([undone, bytes.includes(undone)]).toEqual([undone, true])
      }
    }))

  Library.test("sets the clipboard if the user lets it", () =>
    Effect.gen(function*() {
      const { configuration, configure, root, workspace } = yield* World
      const copy = `printf '\\033]52;c;cGVhcnM=\\007'`
      const closed = yield* background(workspace())
      yield* configure(`${configuration}\n[session]\nclipboard = "write"\n`)
      const open = yield* background(workspace())
      const terminal = yield* openTerminal({
        directory: root,
        columns: 120,
        environment: { TERM: "xterm-256color" }
      })
      for (const [session, clipboard] of [[closed, ""], [open, "pears"]] as const) {
        yield* terminal.line(`clincus attach ${session.container}; echo status=$?`)
        yield* terminal.shows("fake start ready")
        yield* terminal.line(copy)
        yield* eventually("the clipboard", terminal.clipboard, (seen) => seen === clipboard)
        // Keys that come at once would be taken for a paste.
        yield* Effect.sleep("500 millis")
        yield* terminal.keys("C-b", "d")
        yield* terminal.status
        expect((yield* terminal.screen).includes("wanted to set your clipboard")).toBe(clipboard === "")
        yield* terminal.clear
      }
    }))
})

describe("a tmux of the agent's own", () => {
  Library.test("that hangs or answers without end is waited for in time and room, and keeps no other session", () =>
    Effect.gen(function*() {
      const { workspace } = yield* World
      const [evil, other] = [yield* background(workspace()), yield* background(workspace())]
      yield* Effect.forEach([evil, other], ({ container }) => untilScreen(container, "ready"))
      yield* replaceTmux(
        evil.container,
        `case "$*" in *capture-pane*) yes "$(printf 'x%.0s' {1..200})" ;; *) sleep 1000 ;; esac`
      )
      const timed = (...args: ReadonlyArray<string>) =>
        Effect.map(Effect.timed(clincus(...args)), ([time, result]) => ({ ...result, seconds: Number(time) }))
      expect(yield* timed("tmux", "capture", evil.container)).toMatchObject({
        status: 1,
        stdout: "",
        stderr: expect.stringContaining("an answer of more than 32768 KiB")
      })
      const began = Date.now()
      expect(yield* clincus("tmux", "send", evil.container, "x")).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("no answer within 15 seconds")
      })
      expect(yield* json("tmux", "list")).toMatchObject([{ container: other.container }])
      expect(yield* succeeds("list")).toContain(evil.container)
      expect(yield* json("info", evil.container)).toMatchObject({ state: "running" })
      expect(Date.now() - began).toBeLessThan(45_000)
      yield* type(other.container, "echo pears")
      expect(yield* untilScreen(other.container, "\npears")).toContain("pears")
      yield* succeeds("kill", evil.container)
    }))

  Library.test("says on the screen what no terminal obeys", () =>
    Effect.gen(function*() {
      const { root, workspace } = yield* World
      const { container } = yield* background(workspace())
      yield* untilScreen(container, "ready")
      yield* replaceTmux(
        container,
        `printf '\\033[31mred\\033[0m \\033]52;c;ZXZpbA==\\007\\033[?1049h\\302\\233c \\342\\200\\256live\\n'`
      )
      const terminal = yield* openTerminal({ directory: root, columns: 120 })
      const file = join(root, "bytes")
      yield* terminal.record(file)
      for (const options of ["", "--ansi", "--format json"]) {
        yield* terminal.line(`clincus tmux capture ${container} ${options}; echo status=$?`)
        expect(yield* terminal.status).toBe(0)
        yield* terminal.line("clear; echo status=")
      }
      const bytes = Fs.readFileSync(file, "utf8")
      expect(bytes).toContain("\x1b[31mred")
      expect(bytes).not.toMatch(/\x1b\]52|\x1b\[\?1049h|\u009b|\u202e/)
      expect(yield* screen(container, "--ansi")).toContain("\\x1b]52;c;")
    }))
})
