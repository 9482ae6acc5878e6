import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MemoryDisk, memoryDisk } from "../../../src/host/memory/MemoryDisk.ts"
import { filesContract } from "../../contract/files.ts"
import { historyContract } from "../../contract/history.ts"
import { Disk } from "../../contract/support/Disk.ts"

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

const real = Layer.scoped(
  Disk,
  Effect.acquireRelease(
    Effect.sync(() => ({ root: Fs.mkdtempSync(join(tmpdir(), "clincus-contract-")), owner })),
    ({ root }) => Effect.sync(() => Fs.rmSync(root, { recursive: true, force: true }))
  )
).pipe(Layer.provideMerge(Layer.merge(NodeFileSystem.layer, NodePath.layer)))

const memory = Layer.effect(
  Disk,
  Effect.flatMap(MemoryDisk, (disk) => Effect.as(disk.makeDirectory("/disk"), { root: "/disk", owner }))
).pipe(Layer.provideMerge(memoryDisk({ user: owner })))

filesContract("files on the disk", real)
filesContract("files in memory", memory)
historyContract("history on the disk", real)
historyContract("history in memory", memory)
