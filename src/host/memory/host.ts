import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Subnet } from "../../domain/ipv4.ts"
import { Host } from "../Host.ts"
import { uuid } from "./random.ts"

/**
 * The user that a twin of the machine is for.
 *
 * @see memoryHost
 */
export interface MemoryHostOptions {
  /** 1000 unless given, and so is `gid`. */
  readonly uid?: number
  readonly gid?: number
  /** `/home/me` unless given. */
  readonly home?: string
  /** Where relative paths start from; the home directory unless given. */
  readonly directory?: string
  readonly environment?: Readonly<Record<string, string>>
  /** The networks that the machine is on; none unless given. */
  readonly networks?: ReadonlyArray<Subnet>
  /** Addresses by names; no name is known unless given. */
  readonly names?: Readonly<Record<string, ReadonlyArray<number>>>
}

/**
 * A user of a machine that there is not. Ids are the Random service's.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const home = Effect.map(Clincus.Host, ({ home }) => home).pipe(
 *   Effect.provide(Testing.memoryHost({ uid: 1001, home: "/home/ada" }))
 * )
 * // => "/home/ada"
 */
export const memoryHost = (
  {
    directory,
    environment = {},
    gid = 1000,
    home = "/home/me",
    names = {},
    networks = [],
    uid = 1000
  }: MemoryHostOptions = {}
): Layer.Layer<Host> =>
  Layer.succeed(Host, {
    uid,
    gid,
    groups: [gid],
    user: "me",
    home,
    directory: directory ?? home,
    environment,
    memory: 16 * 2 ** 30,
    uuid,
    networks: Effect.succeed(networks),
    resolve: (name) => Effect.succeed(Object.hasOwn(names, name) ? names[name] ?? [] : [])
  })
