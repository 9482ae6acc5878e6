import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { join } from "node:path"
import { whereabouts } from "../../../src/config/whereabouts.ts"
import { makeHome, user } from "./home.ts"

const text = `[limits]
memory = "2GiB"

[profiles.big.limits]
memory = "9GiB"

[profiles."of mine"]
limits.processes = 7
`

it.scoped("finds the line of a value, in a profile too", () =>
  Effect.gen(function*() {
    const { path: home } = yield* makeHome({ [user]: text })
    const file = join(home, user)
    const at = (path: ReadonlyArray<string>, source: string, profile?: string) =>
      whereabouts({ path, source }, profile)
    expect(yield* at(["limits", "memory"], file)).toBe(`${file}:2`)
    expect(yield* at(["limits", "memory"], file, "big")).toBe(`${file}:2`)
    expect(yield* at(["limits", "memory"], `${file} [profiles.big]`, "big")).toBe(`${file}:5 [profiles.big]`)
    expect(yield* at(["limits", "processes"], `${file} [profiles."of mine"]`, "of mine")).toBe(
      `${file}:8 [profiles."of mine"]`
    )
  }))

it.scoped("leaves what has no line as it is", () =>
  Effect.gen(function*() {
    const { path: home } = yield* makeHome({ [user]: text })
    const file = join(home, user)
    const at = (path: ReadonlyArray<string>, source: string) => whereabouts({ path, source }, undefined)
    expect(yield* at(["limits", "memory"], "default")).toBe("default")
    expect(yield* at(["incus", "socket"], "INCUS_SOCKET")).toBe("INCUS_SOCKET")
    expect(yield* at(["limits", "memory"], "--limit-memory")).toBe("--limit-memory")
    expect(yield* at(["session", "on_exit"], file)).toBe(file)
    expect(yield* at(["limits", "memory"], join(home, "none.toml"))).toBe(join(home, "none.toml"))
    // A file that cannot be read, or is no TOML by now.
    Fs.writeFileSync(file, "= what")
    expect(yield* at(["limits", "memory"], file)).toBe(file)
    Fs.rmSync(file)
    Fs.mkdirSync(file)
    expect(yield* at(["limits", "memory"], file)).toBe(file)
  }))
