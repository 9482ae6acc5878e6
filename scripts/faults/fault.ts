import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { IncusService } from "../../src/incus/IncusService.ts"
import type { World } from "../../test/daemon/support/World.ts"
import type { Bench } from "./Bench.ts"

/** The commands that may come next after a fault; each has to put in order whatever the fault left. */
export type Next = "list" | "shell" | "clean" | "resume" | "capture"

/** What is there for a fault to use. */
export type Place = Bench | World | IncusService | FileSystem.FileSystem

/** Something that goes wrong around clincus, to be done again and again at moments that are drawn. */
export interface Fault {
  /** The word for `--only`. */
  readonly name: string
  /** What happens, for people. */
  readonly what: string
  /** The saved sessions are on a small disk of their own. Only root can mount it. */
  readonly disk?: boolean
  /** It takes minutes, so it is done once for ten runs of the others. */
  readonly slow?: boolean
  /** `list` most of the time, one of the others now and then, unless said. */
  readonly next?: ReadonlyArray<Next>
  /**
   * Does it and tells the bench what does not hold. It returns when nothing of it is under way any more, what a container
   * does by itself included.
   */
  readonly run: Effect.Effect<void, { readonly message: string }, Place | Scope.Scope>
}
