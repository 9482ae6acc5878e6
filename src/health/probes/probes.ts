import { hooks } from "./hooks.ts"
import { guestApi, hostDisk, hostFiles, kernelSettings, setUid } from "./host.ts"
import type { Probe } from "./Probe.ts"

/** All probes: what `clincus health` tries, and attack tests use on walls that are taken down. */
export const probes: ReadonlyArray<Probe> = [hostFiles, hostDisk, guestApi, hooks, setUid, kernelSettings]
