import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { Unexpected } from "./eventually.ts"
import { type Handle, run, type RunOptions } from "./program.ts"
import { World } from "./World.ts"

/** The group whose members may use the daemon. */
const incusGroup = () =>
  Number(execFileSync("getent", ["group", "incus-admin"], { encoding: "utf8" }).split(":")[2])

/** A user who is not root, may use Incus, and owns the home directory of this world. */
export const otherUser = (uid: number, groups: ReadonlyArray<number> = []) =>
  Effect.gen(function*() {
    const { home } = yield* World
    yield* Effect.sync(() => execFileSync("chown", ["-R", `${uid}:${uid}`, home]))
    const options: RunOptions = {
      uid,
      groups: [incusGroup(), ...groups],
      environment: { XDG_CACHE_HOME: `${home}/.cache` }
    }
    const program = (directory: string, ...args: ReadonlyArray<string>) =>
      run(args, { ...options, directory })
    return {
      /** `clincus …` of this user, in a directory. */
      run: program,
      succeeds: (directory: string, ...args: ReadonlyArray<string>) =>
        program(directory, ...args).pipe(
          Effect.filterOrFail(
            ({ status }) => status === 0,
            (result) => new Unexpected({ what: `clincus ${args.join(" ")}: ${JSON.stringify(result)}` })
          )
        ),
      background: (directory: string, ...args: ReadonlyArray<string>) =>
        program(directory, "shell", "--background", "--format", "json", ...args).pipe(
          Effect.filterOrFail(
            ({ status }) => status === 0,
            (result) => new Unexpected({ what: `clincus shell ${args.join(" ")}: ${JSON.stringify(result)}` })
          ),
          Effect.flatMap(({ stdout }) => Schema.decodeUnknown(Schema.parseJson(HandleOf))(stdout))
        )
    }
  })

const HandleOf: Schema.Schema<Pick<Handle, "container" | "session" | "tool">> = Schema.Struct({
  container: Schema.String,
  session: Schema.UUID,
  tool: Schema.String
})

/** A directory of the host that no session has anything to do with, and whether it is still as it was. */
export const treasure = Effect.map(World, ({ root }) => {
  const directory = Fs.mkdtempSync(`${root}/treasure-`)
  Fs.chmodSync(directory, 0o777)
  for (const folder of ["", "d0", "d1", "d2"]) {
    Fs.mkdirSync(`${directory}/${folder}`, { recursive: true, mode: 0o777 })
    for (let index = 0; index < 100; index++) Fs.writeFileSync(`${directory}/${folder}/f${index}`, "theirs")
  }
  const look = () =>
    (Fs.readdirSync(directory, { recursive: true, withFileTypes: true }))
      .map((entry) =>
        `${entry.parentPath}/${entry.name}:${
          entry.isFile() ? Fs.readFileSync(`${entry.parentPath}/${entry.name}`, "utf8") : ""
        }`
      )
      .toSorted().join("\n")
  const before = look()
  return { directory, isWhole: () => look() === before }
})
