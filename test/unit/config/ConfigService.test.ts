import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeHome, project, user } from "./home.ts"

/** Writes files below a home directory and loads the configuration of `project` in it. */
const load = (
  files: Readonly<Record<string, string>>,
  { environment = {}, profile }: { environment?: Record<string, string>; profile?: string } = {}
) =>
  Effect.gen(function*() {
    const home = yield* makeHome(files, environment)
    return { ...(yield* home.load({ profile })), home: home.path }
  })

/** What is said of a faulty file, without the temporary directory's name. */
const fault = (text: string, file = user) =>
  load({ [file]: text }).pipe(
    Effect.flip,
    Effect.map((error) => `${error.message.replace(/^.*?clincus-config-[^/]*\//, "")} | ${error.hint ?? ""}`)
  )

describe("the configuration", () => {
  it.scoped("has values for everything where there is no file", () =>
    Effect.gen(function*() {
      const { from, home, settings } = yield* load({})
      expect(settings).toMatchObject({
        defaults: { image: "clincus", persistent: false },
        tool: { name: "claude" },
        session: { on_exit: "end", on_detach: "keep" },
        paths: { sessions_dir: join(home, ".clincus"), preserve_workspace_path: false },
        incus: { project: "default", socket: "/var/lib/incus/unix.socket" }
      })
      expect(from("tool.name")).toBe("default")
    }))

  it.scoped("goes from the user's file over variables and the project to the profile, key by key", () =>
    Effect.gen(function*() {
      const { from, settings } = yield* load({
        [user]: `
          [defaults]
          image = "mine"
          persistent = true
          [incus]
          socket = "/user"
          [environment.set]
          A = "user"
          B = "user"
          [profiles.quick.defaults]
          persistent = false
          [profiles.quick.environment.set]
          B = "profile"`,
        [project]: "[limits]\nprocesses = 5\n"
      }, { environment: { INCUS_SOCKET: "/variable" }, profile: "quick" })
      expect(settings.defaults).toEqual({ image: "mine", persistent: false })
      expect(settings.limits.processes).toBe(5)
      expect(settings.incus.socket).toBe("/variable")
      expect(settings.environment.set).toEqual({ A: "user", B: "profile" })
      expect(
        ["limits.processes", "defaults.image", "defaults.persistent", "incus.socket"].map(from)
      ).toEqual([
        project,
        user,
        `${user} [profiles.quick]`,
        "INCUS_SOCKET"
      ])
    }))

  it.scoped("is found where XDG_CONFIG_HOME and CLINCUS_CONFIG say", () =>
    Effect.gen(function*() {
      const files = {
        "xdg/clincus/config.toml": "[tool]\nname = \"xdg\"",
        "own.toml": "[tool]\nname = \"own\""
      }
      const moved = mkdtempSync(join(tmpdir(), "clincus-xdg-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(moved, { recursive: true, force: true })))
      mkdirSync(join(moved, "clincus"))
      writeFileSync(join(moved, "clincus/config.toml"), "[tool]\nname = \"xdg\"")
      expect((yield* load(files, { environment: { XDG_CONFIG_HOME: moved } })).settings.tool.name).toBe("xdg")
      expect(
        (yield* load(files, { environment: { XDG_CONFIG_HOME: moved, CLINCUS_CONFIG: "own.toml" } })).settings
          .tool.name
      )
        .toBe("own")
    }))

  it.scoped("declares tools, an empty table one too", () =>
    Effect.gen(function*() {
      const { settings } = yield* load({
        [user]:
          "[tool]\nname = \"mine\"\nbinary = \"/bin/mine\"\n[tool.mine]\n[tool.other]\nargs = [\"-x\"]\n"
      })
      expect(settings.tool).toEqual({
        name: "mine",
        binary: "/bin/mine",
        named: { mine: {}, other: { args: ["-x"] } }
      })
    }))

  it.scoped("loses no table of a tool, whatever the others are called", () =>
    Effect.gen(function*() {
      const { from, settings } = yield* load({
        [user]:
          "[tool.claude]\npermission = \"ask\"\n[tool.\"mine.args\"]\n[tool.\"mine.x\"]\nbinary = \"x\"\n[tool.mine]\nargs = [\"-x\"]\n"
      })
      expect(settings.tool.named).toEqual({
        claude: { permission: "ask" },
        "mine.args": {},
        "mine.x": { binary: "x" },
        mine: { args: ["-x"] }
      })
      expect(from("tool.\"mine.x\".binary")).toBe(user)
      expect(from("tool.mine.args")).toBe(user)
    }))

  it.scoped("understands ~ and numbers of processors", () =>
    Effect.gen(function*() {
      const { home, settings } = yield* load({
        [user]: "[paths]\nsessions_dir = \"~/saved\"\n[limits]\ncpu = 2\nprocesses = 100\n"
      })
      expect(settings.paths.sessions_dir).toBe(join(home, "saved"))
      expect(settings.limits).toMatchObject({ cpu: "2", memory: "50%", processes: 100 })
    }))
})

describe("a fault of the configuration", () => {
  for (
    const [text, said] of [
      ["[defaults]\nimge = \"x\"\n", `${user}:2:1: unknown key 'defaults.imge' | Did you mean 'image'?`],
      ["[default]\nimage = \"x\"\n", `${user}:1:2: unknown key 'default' | Did you mean 'defaults'?`],
      [
        "[tool.claude]\nbinry = \"x\"\n",
        `${user}:2:1: unknown key 'tool.claude.binry' | Did you mean 'binary'?`
      ],
      [
        "[profiles.a.limits]\ncpus = 1\n",
        `${user}:2:1: unknown key 'profiles.a.limits.cpus' | Did you mean 'cpu'?`
      ],
      [
        "session = { on_exti = \"end\" }\n",
        `${user}:1:13: unknown key 'session.on_exti' | Did you mean 'on_exit'?`
      ],
      [
        "[session]\nzzz = 1\n",
        `${user}:2:1: unknown key 'session.zzz' | Keys known here: on_exit, on_detach, clipboard.`
      ]
    ] as const
  ) {
    it.scoped(said, () => Effect.map(fault(text), (message) => expect(message).toBe(said)))
  }
  it.live("does not hold us, in whatever place a pipe stands", () =>
    Effect.scoped(Effect.gen(function*() {
      for (
        const [name, file, environment] of [
          [user, user, {}],
          ["own.toml", "own.toml", { CLINCUS_CONFIG: "own.toml" }],
          [project, project, {}]
        ] as const
      ) {
        const home = yield* makeHome({ ".config/clincus/other": "" }, environment)
        expect(spawnSync("mkfifo", [join(home.path, file)]).status).toBe(0)
        const error = yield* Effect.flip(home.load()).pipe(Effect.timeout("2 seconds"))
        expect(error.message).toBe(`${join(home.path, name)}: a named pipe, not a file`)
      }
    })))
  it.scoped("names the place of a value", () =>
    Effect.map(
      fault("[defaults]\n\npersistent = \"yes\"\n"),
      (message) =>
        expect(message).toMatch(
          /^\.config\/clincus\/config\.toml:3:1: defaults\.persistent has to be true or false, not/
        )
    ))
  it.scoped("names the place where TOML ends", () =>
    Effect.map(
      fault("a = 1\nb = \n"),
      (message) => expect(message).toMatch(/^\.config\/clincus\/config\.toml:2:5: not valid TOML: /)
    ))

  for (
    const [key, text] of [
      ["environment", "[environment]\nforward = [\"HOME\"]"],
      ["environment", "[environment.set]\nA = \"1\""],
      ["tool.binary", "[tool]\nbinary = \"./evil\""],
      ["tool.claude", "[tool.claude]\npermission = \"bypass\""],
      ["paths", "[paths]\nsessions_dir = \"/etc\""],
      ["incus", "[incus]\nsocket = \"./socket\""],
      ["session", "[session]\non_exit = \"shell\""],
      ["profiles", "[profiles.a.defaults]\nimage = \"x\""]
    ] as const
  ) {
    it.scoped(`a project may not set ${text.replace("\n", " ")}`, () =>
      Effect.map(
        fault(text, project),
        (message) => expect(message).toContain(`unknown key '${key}': a workspace's own file may not set it`)
      ))
  }
})
