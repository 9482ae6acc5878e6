import { randomBytes, randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import { dirname, join } from "node:path"
import { printMetadata } from "../../src/domain/Metadata.ts"
import { hashOf } from "../../src/workspace/Workspace.ts"
import { image } from "../../test/daemon/support/World.ts"
import { filesBelow } from "./files.ts"

/** A saved session that was there before a fault, and what was in it. */
export interface Planted {
  readonly id: string
  readonly directory: string
  readonly files: ReadonlyMap<string, string>
}

export const conversation = ".fake/conversation"

/** Writes a session as one that has ended leaves it. `age` is for how many days. */
export const plant = (
  saved: string,
  workspace: string,
  { age, prefix }: { readonly age: number; readonly prefix: string }
): Planted => {
  const id = randomUUID()
  const directory = join(saved, "sessions-fake", id)
  const ended = new Date(Date.now() - age * 86_400_000 - 60_000)
  const files: Record<string, string | Buffer> = {
    [conversation]: `said ${randomBytes(400).toString("hex")}\n`,
    ".fake/deep/down/there": randomBytes(3000),
    "outcome/status": "0\n",
    "outcome/screen": "fake>\n"
  }
  for (const [file, content] of Object.entries(files)) {
    const path = join(directory, file)
    Fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    Fs.writeFileSync(path, content, { mode: 0o600 })
  }
  for (const path of Fs.readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    Fs.chownSync(join(directory, path), 1000, 1000)
  }
  Fs.writeFileSync(
    join(directory, "metadata.json"),
    printMetadata({
      version: 1,
      id,
      tool: "fake",
      workspace,
      containerPath: "/workspace",
      container: `${prefix}${hashOf(workspace).slice(0, 6)}-1`,
      slot: 1,
      persistent: false,
      image,
      startedAt: new Date(ended.getTime() - 60_000),
      lastUsedAt: ended,
      endedAt: ended,
      end: { reason: "exited", status: 0 }
    }),
    { mode: 0o600 }
  )
  return { id, directory, files: filesBelow(directory) }
}
