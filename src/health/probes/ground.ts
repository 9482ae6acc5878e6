import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { createServer, type Server } from "node:net"
import { networkInterfaces } from "node:os"
import { Host } from "../../host/Host.ts"
import { rootRanges } from "../../host/subids.ts"
import { GroundNotReady } from "./errors.ts"

/** What probes are tried on: a directory to work on, a secret beside it, and a service of this machine that gives it away. */
export interface Ground {
  /** Holds all of it, and the saved session. */
  readonly root: string
  readonly workspace: string
  /** A file of this machine that no session was given. */
  readonly secret: string
  /** Stands in the secret, and is what the service says. */
  readonly token: string
  readonly port: number
  /** This machine's addresses that the service listens on, but for those that lead nowhere but to itself. */
  readonly addresses: ReadonlyArray<string>
  /** Major and minor number of a disk of this machine. */
  readonly disk: string
}

const prefix = "clincus-health-"

/** Sessions of probes are over by then, whatever became of the program that began them (ms). */
const stale = 15 * 60_000

/** Removes what probes have left that were killed. Their containers have switched themselves off. */
const sweep = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const host = yield* Host
  const parent = temporary(host.environment)
  const now = yield* Clock.currentTimeMillis
  const names = yield* fs.readDirectory(parent)
  yield* Effect.forEach(names.filter((name) => name.startsWith(prefix)), (name) =>
    Effect.gen(function*() {
      const at = path.join(parent, name)
      const info = yield* fs.stat(at)
      const written = Option.match(info.mtime, { onNone: () => now, onSome: (time) => time.getTime() })
      if (Option.contains(info.uid, host.uid) && now - written > stale) {
        yield* fs.remove(at, { recursive: true })
      }
    }).pipe(Effect.ignore))
}).pipe(Effect.ignore)

const temporary = (environment: Readonly<Record<string, string | undefined>>): string =>
  environment["TMPDIR"] || "/tmp"

/** Says the token to everybody who connects. */
const serve = (token: string): Effect.Effect<number, GroundNotReady, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Server, GroundNotReady>((resume) => {
      const server = createServer((socket) => {
        socket.on("error", () => socket.destroy())
        socket.end(token)
      })
      server.once("error", (error) => resume(new GroundNotReady({ reason: error.message })))
      server.listen({ host: "0.0.0.0", port: 0 }, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.flatMap((server) => {
    const address = server.address()
    return address === null || typeof address === "string"
      ? new GroundNotReady({ reason: "the service has no port" })
      : Effect.succeed(address.port)
  }))

const ownAddresses = Effect.sync(() =>
  Object.values(networkInterfaces()).flatMap((all) => all ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address)
)

/** The disk that a path is on, as major and minor number. */
const diskOf = (mountinfo: string): string =>
  mountinfo.split("\n").flatMap((line) => {
    const [, , device = "", , point] = line.split(" ")
    return point === "/" ? [device.replace(":", " ")] : []
  })[0] ?? "8 0"

/**
 * Whom the workspace belongs to. Root's sessions on root's own directories are a case of their own, by which the others
 * are not to be judged: root's health is tried as a user that sessions are mapped to, if there is one.
 */
const ownerOf = (uid: number, subuid: string): number =>
  uid !== 0 ? uid : rootRanges(subuid).find(({ count, first }) => count === 1 && first !== 0)?.first ?? 0

/** Makes the ground; all of it goes with the scope. */
export const makeGround: Effect.Effect<
  Ground,
  GroundNotReady,
  FileSystem.FileSystem | Path.Path | Host | Scope.Scope
> = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const host = yield* Host
  yield* sweep
  const token = yield* host.uuid
  const port = yield* serve(token)
  return yield* Effect.gen(function*() {
    const root = yield* Effect.acquireRelease(
      fs.makeTempDirectory({ directory: temporary(host.environment), prefix }),
      (made) => Effect.ignore(fs.remove(made, { recursive: true }))
    )
    // Everybody may read it outside: what keeps a session from it is the session's walls alone.
    yield* fs.chmod(root, 0o755)
    const workspace = path.join(root, "workspace")
    const secret = path.join(root, "secret")
    yield* fs.makeDirectory(path.join(workspace, ".git/hooks"), { recursive: true })
    yield* fs.makeDirectory(path.join(workspace, ".git/objects"))
    yield* fs.makeDirectory(path.join(workspace, ".git/refs/heads"), { recursive: true })
    yield* fs.writeFileString(path.join(workspace, ".git/HEAD"), "ref: refs/heads/main\n")
    yield* fs.writeFileString(
      path.join(workspace, ".git/config"),
      "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
    )
    yield* fs.writeFileString(path.join(workspace, "given"), token)
    yield* fs.writeFileString(secret, token, { mode: 0o644 })
    const subuid = yield* Effect.orElseSucceed(fs.readFileString("/etc/subuid"), () => "")
    const owner = ownerOf(host.uid, subuid)
    if (host.uid === 0) {
      for (const name of ["", ...(yield* fs.readDirectory(workspace, { recursive: true }))]) {
        yield* fs.chown(path.join(workspace, name), owner, owner)
      }
    }
    const mounts = yield* Effect.orElseSucceed(fs.readFileString("/proc/self/mountinfo"), () => "")
    return { root, workspace, secret, token, port, addresses: yield* ownAddresses, disk: diskOf(mounts) }
  }).pipe(
    Effect.catchTags({
      BadArgument: (error) => new GroundNotReady({ reason: error.message }),
      SystemError: (error) => new GroundNotReady({ reason: error.message })
    })
  )
})
