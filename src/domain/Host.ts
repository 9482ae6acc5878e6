import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import { homedir, userInfo } from "node:os"

/** The machine and user that clincus runs for. All that would otherwise be read from `process` here and there. */
export class Host extends Context.Tag("clincus/Host")<Host, {
  readonly uid: number
  readonly gid: number
  readonly user: string
  /** The user's home directory. */
  readonly home: string
  /** The directory that relative paths start from. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** A new random UUID (version 4). */
  readonly uuid: Effect.Effect<string>
}>() {}

/** Users without an entry in the password database exist, in containers most of all; Node fails for them. */
const nameOf = (uid: number): string => {
  try {
    return userInfo().username
  } catch {
    return String(uid)
  }
}

const homeOf = (environment: NodeJS.ProcessEnv): string => {
  try {
    return environment["HOME"] || homedir()
  } catch {
    return "/"
  }
}

export const layer: Layer.Layer<Host> = Layer.sync(Host, () => {
  const uid = process.getuid?.() ?? 0
  return {
    uid,
    gid: process.getgid?.() ?? 0,
    user: nameOf(uid),
    home: homeOf(process.env),
    directory: process.cwd(),
    environment: process.env,
    uuid: Effect.sync(() => randomUUID())
  }
})
