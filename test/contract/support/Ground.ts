import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { IncusFailure, InstanceNotFound } from "../../../src/incus/errors.ts"

/** What a contract is tried on: an Incus, real or in memory, and what can only be done to it from behind. */
export class Ground extends Context.Tag("test/Ground")<Ground, {
  /** What the names of a test's containers begin with: nothing else may have such names. */
  readonly prefix: string
  /** An alias of an image with a system, bash and tmux. */
  readonly image: string
  /** Waits until a container's system is up, so that it can be shut down. */
  readonly up: (name: string) => Effect.Effect<void, IncusFailure | InstanceNotFound>
  /** Lets a container's own system switch it off. */
  readonly powerOff: (name: string) => Effect.Effect<void, IncusFailure | InstanceNotFound>
  /** A new directory of the host that a container can have mounted; gone with the scope. */
  readonly directory: Effect.Effect<string, never, Scope.Scope>
  /** Another project, with the images and profiles of the default one; gone with the scope. */
  readonly project: Effect.Effect<string, never, Scope.Scope>
}>() {}
