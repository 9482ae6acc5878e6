import * as FileSystem from "@effect/platform/FileSystem"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Instance } from "../../../src/incus/schemas.ts"
import { requireRoom } from "../../../src/session/room.ts"

const running = (count: number, status = "Running"): ReadonlyArray<Instance> =>
  Array.from({ length: count }, (_, index) => ({
    name: `c${index}`,
    status,
    type: "container",
    ephemeral: true,
    architecture: "x86_64",
    description: "",
    config: {},
    devices: {},
    expanded_devices: {},
    expanded_config: {},
    profiles: [],
    created_at: new Date(0),
    last_used_at: new Date(0),
    project: "default"
  }))

const withLimit = (limit: number, instances: ReadonlyArray<Instance>) =>
  requireRoom(instances).pipe(
    Effect.provideService(
      FileSystem.FileSystem,
      FileSystem.makeNoop({ readFileString: () => Effect.succeed(`${limit}\n`) })
    ),
    Effect.either
  )

it.effect("a container that the kernel has no room for is not begun, with the cause and the way out", () =>
  Effect.gen(function*() {
    expect(yield* withLimit(128, running(12))).toMatchObject({ _tag: "Right" })
    const refused = yield* withLimit(128, running(14))
    expect(refused).toMatchObject({
      _tag: "Left",
      left: { _tag: "TooManyContainers", running: 14, limit: 128 }
    })
    if (refused._tag === "Left") {
      expect(refused.left.message).toContain("fs.inotify.max_user_instances = 128")
      expect(refused.left.hint).toContain("clincus setup")
    }
    expect(yield* withLimit(128, running(50, "Stopped"))).toMatchObject({ _tag: "Right" })
    expect(yield* withLimit(8192, running(50))).toMatchObject({ _tag: "Right" })
  }))
