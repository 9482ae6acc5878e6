import { controls } from "./control.ts"
import { daemons } from "./daemon.ts"
import { disks } from "./disk.ts"
import type { Fault } from "./fault.ts"
import { insiders } from "./inside.ts"
import { kills } from "./kills.ts"
import { strangers } from "./otherServer.ts"
import { outsiders } from "./outside.ts"
import { interrupts } from "./signals.ts"
import { crowds } from "./together.ts"

/** All faults, in the order of the table. */
export const faults: ReadonlyArray<Fault> = [
  ...controls,
  ...kills,
  ...interrupts,
  ...crowds,
  ...insiders,
  ...outsiders,
  ...disks,
  ...strangers,
  ...daemons
]
