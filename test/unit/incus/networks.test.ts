import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hurriedClock } from "../../../src/host/memory/clock.ts"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { before } from "../../../src/incus/memory/faults.ts"
import { MemoryIncus, memoryIncus } from "../../../src/incus/memory/MemoryIncus.ts"

const gone = {
  status: 500,
  error:
    "Failed to delete bridge children interfaces: Failed to run: ip -d -j link show veth3579c826: exit status 1 (Device \"veth3579c826\" does not exist.)\n"
}

it.live("a network is made and changed also if a container ends meanwhile, and no other failure is tried again", () =>
  Effect.gen(function*() {
    const incus = yield* MemoryIncus
    const { networks } = yield* IncusService
    const there = Effect.map(networks.list, (all) => all.find(({ name }) => name === "new")?.config)
    yield* incus.fault(before("network", gone))
    yield* networks.createBridge("new", { "ipv4.address": "none" })
    yield* incus.fault(before("network", gone))
    yield* networks.configure("new", { "dns.mode": "none" })
    expect(yield* there).toEqual({ "ipv4.address": "none", "dns.mode": "none" })
    yield* incus.fault(before("network", { status: 500, error: "Failed for another reason" }))
    expect(yield* Effect.flip(networks.configure("new", { "dns.mode": "" }))).toMatchObject({
      _tag: "IncusRequestError"
    })
  }).pipe(Effect.provide(memoryIncus().pipe(Layer.provideMerge(hurriedClock)))))
