import { expect, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fs from "node:fs"
import { join } from "node:path"
import { incus, ownDaemon, ownProject } from "../support/ownDaemon.ts"
import { run } from "../support/program.ts"
import { image, layer as worldLayer, World } from "../support/World.ts"

const Report = Schema.Struct({
  ready: Schema.Boolean,
  steps: Schema.Array(Schema.Struct({
    name: Schema.String,
    status: Schema.Literal("done", "changed", "needed", "manual", "login"),
    detail: Schema.String,
    commands: Schema.Array(Schema.String)
  })),
  notices: Schema.Array(Schema.String)
})
const decode = Schema.decodeUnknown(Schema.parseJson(Report), { onExcessProperty: "error" })

/** What set-up says of its steps, by name. */
const report = (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
  run(["setup", ...args, "--format", "json"], { environment }).pipe(
    Effect.tap(({ status, stderr }) => Effect.sync(() => expect(status, stderr).toBe(0))),
    Effect.flatMap(({ stdout }) => decode(stdout)),
    Effect.map(({ ready, steps }) => ({
      ready,
      steps: Object.fromEntries(steps.map(({ name, status }) => [name, status])),
      commands: steps.flatMap(({ commands }) => commands).join("\n")
    }))
  )

const infrastructure = Effect.forEach(
  [
    ["storage", "list", "--format", "csv", "--columns", "nDs"],
    ["network", "list", "--format", "csv", "--columns", "tm4n"],
    ["profile", "list", "--format", "csv", "--columns", "nd"],
    ["profile", "show", "clincus"]
  ],
  (args) => incus({}, ...args)
).pipe(Effect.map((texts) => texts.map((text) => text.replace(/^used_by:[\s\S]*/m, "")).join("\n")))

layer(worldLayer, { excludeTestServices: true })("setup", (it) => {
  it.scoped("finds a machine that is ready, and changes nothing", () =>
    Effect.gen(function*() {
      const before = yield* infrastructure
      const started = Date.now()
      const { ready, steps } = yield* report(["--no-image"])
      expect(Date.now() - started).toBeLessThan(5000)
      expect(ready).toBe(true)
      expect(steps).toEqual({
        packages: "done",
        ids: "done",
        limits: "done",
        daemon: "done",
        access: "done",
        storage: "done",
        network: "done",
        profile: "done",
        restricted: "done"
      })
      expect(yield* infrastructure).toBe(before)

      const dry = yield* run(["setup", "--dry-run", "--no-image"])
      expect(dry).toMatchObject({
        status: 0,
        stdout: "# Nothing to do: this machine is ready for sessions.\n"
      })
    }))

  it.scoped("shows the ids that it would let root map, and writes none of them", () =>
    Effect.gen(function*() {
      const files = () => ["/etc/subuid", "/etc/subgid"].map((file) => Fs.readFileSync(file, "utf8"))
      const before = files()
      const plan = yield* report(["--no-image", "--dry-run", "--ids", "61234:61235", "--ids", "61234:61236"])
      expect(plan.steps["ids"]).toBe("needed")
      expect(plan.commands).toContain(
        "usermod --add-subuids 61234-61234 --add-subgids 61235-61235 --add-subgids 61236-61236 root"
      )
      const known = yield* report(["--no-image", "--dry-run", "--ids", "1000:1000", "--ids", "1234:100"])
      expect(known.steps["ids"]).toBe("done")
      expect(files()).toEqual(before)

      for (const bad of ["0:1000", "1000:0", "1000", "ada:users", "4294967295:1"]) {
        const result = yield* run(["setup", "--dry-run", "--ids", bad])
        expect(result.status, bad).toBe(2)
        expect(result.stderr).toContain(`'${bad}' of --ids is not UID:GID`)
      }
    }))

  it.scoped("takes a workspace that is a directory", () =>
    Effect.gen(function*() {
      const world = yield* World
      const own = world.workspace()
      const link = join(world.root, "link")
      Fs.symlinkSync(own, link)
      for (const directory of [own, link, "."]) {
        expect((yield* report(["--no-image", "--dry-run", "--workspace", directory])).steps["ids"]).toBe(
          "done"
        )
      }
      for (
        const [directory, reason] of [["none", "does not exist"], [join(own, "fake"), "is not a directory"]]
      ) {
        const result = yield* run(["setup", "--dry-run", "--workspace", directory ?? ""])
        expect(result.status).toBe(2)
        expect(result.stderr).toContain(reason)
      }
    }))

  it.scoped("makes the profile in a project of its own, and leaves its default profile as it is", () =>
    Effect.gen(function*() {
      const project = yield* ownProject
      const environment = { INCUS_PROJECT: project }
      const show = (profile: string) => incus({}, "profile", "show", profile, "--project", project)
      const untouched = yield* show("default")

      const plan = yield* report(["--no-image", "--dry-run"], environment)
      expect(plan).toMatchObject({
        ready: false,
        steps: { storage: "done", network: "done", profile: "needed" }
      })
      expect(plan.commands).toContain(`incus --project ${project} profile create clincus`)
      expect(yield* incus({}, "profile", "list", "--project", project, "--format", "csv")).not.toContain(
        "clincus"
      )

      const made = yield* report(["--no-image", "--yes"], environment)
      expect(made).toMatchObject({
        ready: true,
        steps: { storage: "done", network: "done", profile: "changed" }
      })
      const profile = yield* show("clincus")
      expect(profile).toMatch(/root:\n\s+path: \/\n\s+pool: \S+\n\s+type: disk/)
      expect(profile).toMatch(/eth0:\n\s+name: eth0\n\s+network: \S+\n\s+type: nic/)
      expect(yield* show("default")).toBe(untouched)

      const again = yield* report(["--no-image"], environment)
      expect(again).toMatchObject({ ready: true, steps: { profile: "done" } })
      expect(yield* show("clincus")).toBe(profile)
    }))

  it.scoped("completes a profile that lacks a device, and keeps what the user put there", () =>
    Effect.gen(function*() {
      const project = yield* ownProject
      yield* incus({}, "profile", "create", "clincus", "--project", project)
      yield* incus({}, "profile", "set", "clincus", "limits.processes=777", "--project", project)
      const { steps } = yield* report(["--no-image", "--yes"], { INCUS_PROJECT: project })
      expect(steps["profile"]).toBe("changed")
      const profile = yield* incus({}, "profile", "show", "clincus", "--project", project)
      expect(profile).toContain("limits.processes: \"777\"")
      expect(profile).toContain("type: nic")
      expect(profile).toContain("type: disk")
    }))

  it.scoped("asks before it changes anything, and without a terminal names what answers", () =>
    Effect.gen(function*() {
      const project = yield* ownProject
      const asked = yield* run(["setup", "--no-image"], { environment: { INCUS_PROJECT: project } })
      expect(asked.status).toBe(2)
      expect(asked.stderr).toContain("profile create clincus")
      expect(asked.stderr).toContain("clincus setup --yes")
      expect(yield* incus({}, "profile", "list", "--project", project, "--format", "csv")).not.toContain(
        "clincus"
      )
    }))

  it.scoped("names a pool, a network and a project that the configuration asks for and Incus has not", () =>
    Effect.gen(function*() {
      const world = yield* World
      for (const [key, command] of [["pool", "incus storage create"], ["network", "incus network create"]]) {
        const result = yield* Effect.zipRight(
          world.configure(`[incus]\n${key} = "${world.prefix}none"\n`),
          run(["setup", "--no-image", "--yes"])
        ).pipe(Effect.scoped)
        expect(result.status).toBe(1)
        expect(result.stderr).toContain(`Incus has no ${key} named ${world.prefix}none`)
        expect(result.stderr).toContain(`${command} ${world.prefix}none`)
      }
      const environment = { INCUS_PROJECT: `${world.prefix}none` }
      const result = yield* run(["setup", "--no-image", "--yes"], { environment })
      expect(result.status).toBe(1)
      expect(result.stderr).toContain(`incus project create ${world.prefix}none`)
    }))

  it.scoped("prints what it would do where no daemon runs, and does none of it", () =>
    Effect.gen(function*() {
      const { root } = yield* World
      const directory = join(root, "absent")
      const environment = { INCUS_DIR: directory, INCUS_SOCKET: join(directory, "unix.socket") }
      const { status, stdout } = yield* run(["setup", "--dry-run"], { environment })
      expect(status).toBe(0)
      for (
        const line of [
          "setsid -f",
          "waitready",
          "incus storage create default",
          "incus network create",
          "clincus build"
        ]
      ) expect(stdout).toContain(line)
      expect(Fs.existsSync(directory)).toBe(false)
    }))

  it.scoped("does not start a daemon in the place of one that somebody else runs", () =>
    Effect.gen(function*() {
      const { root } = yield* World
      const socket = join(root, "elsewhere.socket")
      const result = yield* run(["setup", "--yes", "--no-image"], { environment: { INCUS_SOCKET: socket } })
      expect(result.status).toBe(1)
      expect(result.stderr).toContain(`no daemon answers on ${socket}`)
      expect(Fs.existsSync(socket)).toBe(false)
    }))

  it.scoped("has made the ids of the tests' files free to be mapped, and no others", () =>
    Effect.gen(function*() {
      const { prefix } = yield* World
      const launch = (name: string, map: string) =>
        Effect.exit(
          incus(
            {},
            "launch",
            image,
            `${prefix}${name}`,
            "--ephemeral",
            "--profile=default",
            "--profile=clincus",
            "--config=security.idmap.isolated=true",
            `--config=raw.idmap=${map}`
          )
        )
      expect((yield* launch("mapped", "uid 1234 1000\ngid 100 1000"))._tag).toBe("Success")
      const map = yield* incus({}, "exec", `${prefix}mapped`, "--", "cat", "/proc/self/uid_map")
      expect(map).toMatch(/^\s*1000\s+1234\s+1$/m)
      expect((yield* launch("other", "both 61234 1000"))._tag).toBe("Failure")
    }))

  // A daemon of its own needs root, and so do directories of others; other users' set-up would ask for a password.
  if (process.getuid?.() === 0) {
    it.scoped("finds the ids of a directory's owner, and of a user without an account", () =>
      Effect.gen(function*() {
        const world = yield* World
        const planned = (owner: { readonly uid: number; readonly gid: number }) =>
          report(["--no-image", "--dry-run", "--workspace", world.workspace(owner)])
        expect((yield* planned({ uid: 61_234, gid: 61_235 })).commands).toContain(
          "usermod --add-subuids 61234-61234 --add-subgids 61235-61235 root"
        )
        expect((yield* planned({ uid: 61_234, gid: 0 })).commands).toContain(
          "usermod --add-subuids 61234-61234 root"
        )
        expect((yield* planned({ uid: 61_234, gid: 27 })).commands).not.toContain("--add-subgids")
        expect((yield* planned({ uid: 0, gid: 61_235 })).steps["ids"]).toBe("done")

        const dry = (uid: number) => run(["setup", "--no-image", "--dry-run"], { uid })
        expect((yield* dry(61_234)).stdout).toContain(
          "sudo usermod --add-subuids 61234-61234 --add-subgids 61234-61234 root"
        )
        expect((yield* dry(1001)).stdout).not.toContain("--add-subuids")
      }))

    it.scoped("takes an Incus that has nothing to one that is ready, and starts it again after kill -9", () =>
      Effect.gen(function*() {
        const { bridges, environment, kill } = yield* ownDaemon
        const first = yield* report(["--yes", "--no-image"], environment)
        expect(first.steps).toMatchObject({
          daemon: "changed",
          storage: "changed",
          network: "changed",
          profile: "changed",
          restricted: "changed"
        })
        expect(yield* bridges).toHaveLength(2)
        expect(yield* incus(environment, "profile", "show", "default")).toContain("devices: {}")

        yield* kill
        expect(Fs.existsSync(environment.INCUS_SOCKET)).toBe(true)
        const second = yield* report(["--yes", "--no-image"], environment)
        expect(second.steps).toMatchObject({
          daemon: "changed",
          storage: "done",
          network: "done",
          profile: "done",
          restricted: "done"
        })

        // What somebody has changed, or an earlier version made otherwise, is brought to what it is to be.
        const [bridge = ""] = (yield* bridges).filter((name) => name.startsWith("clincusbr"))
        yield* incus(environment, "network", "set", bridge, "security.acls.default.egress.action=allow")
        yield* incus(
          environment,
          "network",
          "acl",
          "rule",
          "add",
          "clincus-restricted",
          "egress",
          "action=allow"
        )
        expect((yield* report(["--no-image", "--dry-run"], environment)).steps["restricted"]).toBe("needed")
        const mended = yield* report(["--yes", "--no-image"], environment)
        expect(mended.steps["restricted"]).toBe("changed")
        expect(yield* incus(environment, "network", "get", bridge, "security.acls.default.egress.action"))
          .toBe("reject\n")

        // Two at once, on a daemon that is down: one starts it, the other waits.
        yield* kill
        const both = yield* Effect.all([
          report(["--yes", "--no-image"], environment),
          report(["--yes", "--no-image"], environment)
        ], { concurrency: 2 })
        for (const one of both) expect(one.ready).toBe(true)
      }))
  }
})
