import { describe, expect, it } from "@effect/vitest"
import type { FileRequest, RefusedLimit } from "../../../src/config/Settings.ts"
import { describeLimit, describeRequest, NotGranted } from "../../../src/terminal/agreement.ts"
import { plainSettings } from "../config/support/settings.ts"

const request = (changes: Partial<FileRequest> = {}): FileRequest => ({
  key: "tool.name",
  asked: "codex",
  own: "claude",
  unasked: false,
  ...changes
})

describe("what a workspace's own file asks for, in words", () => {
  it("stands beside what the user has", () => {
    expect(describeRequest(request())).toBe("tool.name = \"codex\"  (yours: \"claude\")")
    expect(describeRequest(request({ key: "defaults.persistent", asked: true, own: false }))).toBe(
      "defaults.persistent = true  (yours: false)"
    )
    expect(describeRequest(request({ unasked: true }))).toBe(
      "tool.name = \"codex\"  (yours: \"claude\"; and codex acts without asking, which you have not allowed for claude)"
    )
  })

  it("cannot pose as something else, nor break out of its line", () => {
    const asked = "codex\" (yours)\n\u001b[2J\u202eas"
    expect(describeRequest(request({ asked, unasked: true }))).toBe(
      String.raw`tool.name = "codex\" (yours)\n\u001b[2J\u202eas"  (yours: "claude"; and `
        + String
          .raw`"codex\" (yours)\n\u001b[2J\u202eas" acts without asking, which you have not allowed for claude)`
    )
  })

  it("comes with a command that can be pasted, and the options that choose instead", () => {
    const failure = (workspace: string, profile?: string) =>
      new NotGranted({
        withheld: {
          workspace,
          file: `${workspace}/.clincus.toml`,
          sha256: "",
          requests: [request(), request({ key: "defaults.image" })],
          limits: [],
          granted: plainSettings
        },
        profile
      })
    expect(failure("/work/a").hint).toBe(
      "Run 'clincus trust /work/a' to grant it, or choose yourself with --tool, --image."
    )
    expect(failure("/work/it's mine", "a b").hint).toContain(
      String.raw`clincus trust --profile 'a b' '/work/it'\''s mine'`
    )
  })
})

describe("a limit that is not in force, in words", () => {
  const limit: RefusedLimit = { key: "limits.memory", asked: "8GiB", own: "4GiB", reason: "higher" }
  for (
    const [changes, said] of [
      [{}, "limits.memory = \"8GiB\" is not in force: yours, \"4GiB\", is lower"],
      [
        { asked: "50%", reason: "incomparable" },
        "limits.memory = \"50%\" is not in force: it cannot be compared with yours, \"4GiB\""
      ],
      [
        { asked: "a lot", own: undefined, reason: "unknown" },
        "limits.memory = \"a lot\" is not in force: it is no limit that clincus understands"
      ],
      [
        { asked: "1GiB", reason: "profile" },
        "limits.memory = \"1GiB\" is not in force: the profile says \"4GiB\""
      ]
    ] as const
  ) {
    it(said, () => expect(describeLimit({ ...limit, ...changes })).toBe(said))
  }
})
