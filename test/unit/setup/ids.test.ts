import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  firstFreeId,
  type HostIds,
  idsOfAccount,
  idsOfOwner,
  isolatedMaps,
  mainRange,
  missingIds,
  parseIds,
  rootRanges,
  together
} from "../../../src/host/subids.ts"
import { idsStep } from "../../../src/setup/ids.ts"
import type { Reach } from "../../../src/setup/server.ts"
import { fakeMachine, perform, warningOf } from "./fakeMachine.ts"

const none: HostIds = { uids: [], gids: [] }
const debian = "root:1000000:1000000000\n"

const setting = (
  { reach = "Silent", subgid = debian, subuid = debian, ...account }: {
    readonly subuid?: string
    readonly subgid?: string
    readonly uid?: number
    readonly groups?: ReadonlyArray<number>
    readonly reach?: "Denied" | "Silent"
  },
  more = none
) => {
  const { files, machine } = fakeMachine({
    files: { "/etc/subuid": subuid, "/etc/subgid": subgid },
    ...account
  })
  return { files, step: idsStep(machine, { reach: Effect.succeed<Reach>({ _tag: reach }) }, more) }
}

it("reads root's ranges, by name and by number, and nobody else's", () => {
  const text = "ada:100000:65536\nroot:1000000:1000000000\n0:1000:1 # ours\n#root:5:1\ngroot:1:2\nroot:x:1\n"
  expect(rootRanges(text)).toEqual([{ first: 1_000_000, count: 1_000_000_000 }, { first: 1000, count: 1 }])
  expect(rootRanges("")).toEqual([])
})

it("misses the ids that lie in no range of root's", () => {
  const ranges = rootRanges("ada:100:50\nroot:1000:1\nroot:2000:10\n")
  expect(missingIds(ranges, [1000, 2000, 2009])).toEqual([])
  expect(missingIds(ranges, [100, 999, 1001, 2010, 100])).toEqual([100, 999, 1001, 2010])
})

it("finds the first range of ids above all that are given out", () => {
  expect(firstFreeId("")).toBe(1_000_000)
  expect(firstFreeId("ada:100000:65536\nbob:165536:65536\n")).toBe(1_000_000)
  expect(firstFreeId("ada:1000000:500000000\nnonsense\n")).toBe(501_000_000)
  // Its range is given out, whatever is said of it.
  expect(firstFreeId("ada:1000000:65536 # ada: 2025\n# bob:2000000:65536\n")).toBe(1_065_536)
})

it("counts the containers that the first long range has room for", () => {
  expect(mainRange(rootRanges("root:1000:1\nroot:100000:65536\nroot:1000000:9000000\n"))?.first).toBe(100_000)
  expect(mainRange(rootRanges("root:1000:1\n"))).toBeUndefined()
  expect([65_536, 131_072, 131_073, 1_000_000_000].map((count) => isolatedMaps({ first: 1, count }))).toEqual(
    [0, 0, 1, 15_257]
  )
})

it("takes of an account what files are shared by, and nothing of root's", () => {
  expect(idsOfAccount(1000, [1000, 27, 100, 994, 1005, 0])).toEqual({ uids: [1000], gids: [1000, 100, 1005] })
  expect(idsOfAccount(1234, [50])).toEqual({ uids: [1234], gids: [50] })
  expect(idsOfAccount(1234, [0, 2000])).toEqual({ uids: [1234], gids: [2000] })
  expect(idsOfAccount(0, [0, 1000])).toEqual(none)
  expect(idsOfOwner({ uid: 1000, gid: 0 })).toEqual({ uids: [1000], gids: [] })
  expect(idsOfOwner({ uid: 1000, gid: 100 })).toEqual({ uids: [1000], gids: [100] })
  expect(idsOfOwner({ uid: 33, gid: 33 })).toEqual({ uids: [33], gids: [33] })
  expect(idsOfOwner({ uid: 1000, gid: 27 })).toEqual({ uids: [1000], gids: [] })
  expect(idsOfOwner({ uid: 0, gid: 1000 })).toEqual(none)
  expect(together([idsOfAccount(1, [2]), idsOfOwner({ uid: 1, gid: 1 })])).toEqual({
    uids: [1],
    gids: [2, 1]
  })
})

it("reads two ids, neither of them root's or out of range", () => {
  expect(parseIds("1234:100")).toEqual({ uids: [1234], gids: [100] })
  expect(parseIds("4294967294:1")).toEqual({ uids: [4_294_967_294], gids: [1] })
  for (
    const bad of [
      "",
      "0:1",
      "1:0",
      "1",
      "1:",
      "1:2:3",
      "-1:1",
      "1.5:1",
      "1e3:1",
      " 1:1",
      "ada:1",
      "4294967295:1"
    ]
  ) expect(parseIds(bad), bad).toBeUndefined()
})

it.effect("lets root map the user's ids, once", () =>
  Effect.gen(function*() {
    const { files, step } = setting({ uid: 1000, groups: [1000, 27, 100] })
    const { after, before, commands } = yield* perform(step)
    expect(before).toMatchObject({
      reason: "sessions work on files of uid 1000 and gids 1000, 100, which root may not map yet"
    })
    expect(commands).toEqual([
      "usermod --add-subuids 1000-1000 --add-subgids 1000-1000 --add-subgids 100-100 root"
    ])
    expect(after).toEqual({
      _tag: "Done",
      detail: "root has ranges in /etc/subuid and /etc/subgid, with uid 1000 and gids 1000, 100"
    })
    expect(files.get("/etc/subgid")).toBe(`${debian}root:1000:1\nroot:100:1\n`)
    expect((yield* perform(step)).commands).toEqual([])
  }))

it.effect("needs nothing of root's own, and ids inside a range of root's are there", () =>
  Effect.gen(function*() {
    const root = yield* perform(setting({ uid: 0, groups: [0, 1000] }).step)
    expect(root.before).toEqual({ _tag: "Done", detail: "root has ranges in /etc/subuid and /etc/subgid" })
    const inside = yield* perform(setting({ uid: 1_000_500, groups: [1_000_500] }).step)
    expect(inside.commands).toEqual([])
    const theirs = yield* perform(
      setting({ uid: 100_001, groups: [1000], subuid: `ada:100000:65536\n${debian}` }).step
    )
    expect(theirs.commands).toEqual(["usermod --add-subuids 100001-100001 --add-subgids 1000-1000 root"])
  }))

it.effect("adds ids of others that were asked for, each once", () =>
  Effect.gen(function*() {
    const more = { uids: [1000, 33], gids: [33] }
    const { commands } = yield* perform(setting({ uid: 1000, groups: [1000] }, more).step)
    expect(commands).toEqual([
      "usermod --add-subuids 1000-1000 --add-subuids 33-33 --add-subgids 1000-1000 --add-subgids 33-33 root"
    ])
  }))

it.effect("gives root the same range in both files, beside single ids", () =>
  Effect.gen(function*() {
    const range = "1000000-1000999999"
    const fresh = yield* perform(setting({ subuid: "", subgid: "" }, { uids: [1000], gids: [1000] }).step)
    expect(fresh.commands).toEqual([
      "touch /etc/subuid /etc/subgid",
      `usermod --add-subuids ${range} --add-subuids 1000-1000 --add-subgids ${range} --add-subgids 1000-1000 root`
    ])
    expect(fresh.after._tag).toBe("Done")
    expect(warningOf(fresh.before)).toBe("")

    const single = yield* perform(
      setting({ subuid: "root:1000:1\n", subgid: "root:1000:1\nada:1000000:5\n" }).step
    )
    expect(single.commands).toEqual([
      "usermod --add-subuids 1000005-1001000004 --add-subgids 1000005-1001000004 root"
    ])
    const half = yield* perform(
      setting({ subuid: "root:2000000:1000000000\n", subgid: "", reach: "Denied" }).step
    )
    expect(half.commands).toContain("usermod --add-subgids 2000000-1001999999 root")
    expect(warningOf(half.before)).toContain("sudo systemctl restart incus")
  }))

it.effect("writes root's name for its number, since Incus then no longer reads the number", () =>
  Effect.gen(function*() {
    const { files, step } = setting({ subuid: "0:1000000:1000000000\n" }, { uids: [1000], gids: [] })
    const { after, commands } = yield* perform(step)
    expect(commands).toEqual(["sed -i 's/^0:/root:/' /etc/subuid", "usermod --add-subuids 1000-1000 root"])
    expect(files.get("/etc/subuid")).toBe(`${debian}root:1000:1\n`)
    expect(after._tag).toBe("Done")
  }))

it.effect("says how a range that is too short is replaced, and adds no second one", () =>
  Effect.gen(function*() {
    const short = (count: number) => {
      const text = `root:100000:${count}\n`
      return perform(setting({ subuid: text, subgid: text }).step)
    }
    const { before } = yield* short(65_536)
    expect(before).toMatchObject({
      _tag: "Manual",
      instructions: [
        "sudo usermod --del-subuids 100000-165535 --add-subuids 1000000-1000999999"
        + " --del-subgids 100000-165535 --add-subgids 1000000-1000999999 root",
        "sudo systemctl restart incus"
      ]
    })
    const few = yield* short(65_536 * 6)
    expect(few.commands).toEqual([])
    expect(warningOf(few.after)).toContain("room for 4 sessions")
    expect(warningOf((yield* short(65_536 * 30)).after)).toBe("")
  }))
