import { hooks } from "./hooks.ts"
import { guestApi, hostDisk, hostFiles, kernelSettings, setUid } from "./host.ts"
import type { Probe } from "./Probe.ts"
import { hostServices } from "./services.ts"

/** All probes: what `clincus health` tries, and attack tests use on walls that are taken down. */
export const probes: ReadonlyArray<Probe> = [
  hostFiles,
  hostDisk,
  hostServices,
  guestApi,
  hooks,
  setUid,
  kernelSettings
]
