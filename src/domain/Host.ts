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

export const layer: Layer.Layer<Host> = Layer.sync(Host, () => {
  const { gid, uid, username } = userInfo()
  return {
    uid,
    gid,
    user: username,
    home: homedir(),
    directory: process.cwd(),
    environment: process.env,
    uuid: Effect.sync(() => randomUUID())
  }
})
