import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { shellLine } from "../../../src/host/shell.ts"
import { CommandFailed } from "../../../src/setup/errors.ts"
import type { Machine } from "../../../src/setup/machine.ts"
import type { RootCommand } from "../../../src/setup/Privileged.ts"
import type { Status, Step } from "../../../src/setup/Step.ts"

/** A machine of a few files, and the commands that set-up changes them by, as far as these steps use them. */
export const fakeMachine = (
  { groups = [], programs = ["sysctl"], uid = 0, ...given }: {
    readonly files: Readonly<Record<string, string>>
    readonly uid?: number
    readonly groups?: ReadonlyArray<number>
    readonly programs?: ReadonlyArray<string>
  }
): { readonly machine: Machine; readonly files: Map<string, string> } => {
  const files = new Map(Object.entries(given.files))
  const edit = (path: string, change: (text: string) => string) =>
    files.set(path, change(files.get(path) ?? ""))

  const run = ([name, ...words]: RootCommand["argv"]): void => {
    switch (name) {
      case "touch":
        return words.forEach((path) => edit(path, (text) => text))
      case "sed":
        return words.slice(2).forEach((path) => edit(path, (text) => text.replaceAll(/^0:/gm, "root:")))
      case "usermod":
        return words.forEach((word, at) => {
          const [first, last] = (words[at + 1] ?? "").split("-").map(Number)
          if (!word.startsWith("--add-") || first === undefined || last === undefined) return
          edit(
            word === "--add-subuids" ? "/etc/subuid" : "/etc/subgid",
            (text) => `${text}root:${first}:${last - first + 1}\n`
          )
        })
      case "sysctl":
        return words.slice(1).forEach((word) => {
          const [key, value] = word.split("=")
          edit(`/proc/sys/${key?.replaceAll(".", "/")}`, () => `${value}\n`)
        })
    }
  }

  const machine: Machine = {
    user: "ada",
    uid,
    root: uid === 0,
    groups: Effect.succeed(groups),
    environment: {},
    read: (path) => Effect.sync(() => files.get(path) ?? ""),
    exists: (path) => Effect.sync(() => [...files.keys()].some((one) => `${one}/`.startsWith(`${path}/`))),
    list: (path) =>
      Effect.sync(() =>
        [...files.keys()].flatMap((one) => one.startsWith(`${path}/`) ? [one.slice(path.length + 1)] : [])
      ),
    program: (name) =>
      Effect.succeed(programs.includes(name) ? Option.some(`/usr/sbin/${name}`) : Option.none()),
    systemd: Effect.succeed(false),
    addresses: Effect.succeed([]),
    output: (argv) => new CommandFailed({ command: shellLine(argv), status: 127, output: "" }),
    asRoot: (...argv) => ({ shown: shellLine(argv), run: Effect.sync(() => run(argv)) }),
    write: (path, text) => ({ shown: `tee ${path}`, run: Effect.sync(() => files.set(path, text)) })
  }
  return { machine, files }
}

/** Checks a step, does what it says is needed, and checks it again. */
export const perform = (step: Step) =>
  Effect.gen(function*() {
    const before = yield* step.check
    const actions = before._tag === "Needed" ? before.actions : []
    yield* Effect.forEach(actions, ({ run }) => run)
    return { before, commands: actions.map(({ shown }) => shown), after: yield* step.check }
  })

/** What a status says beside the step's own words. */
export const warningOf = (status: Status): string =>
  status._tag === "Done" || status._tag === "Needed" ? status.warning ?? "" : ""
