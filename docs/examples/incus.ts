// The client of Incus alone: lists the instances, makes one, runs a command in it and drives a terminal.
import * as NodeRuntime from "@effect/platform-node-shared/NodeRuntime"
import * as Incus from "clincus/incus"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const text = (name: string, otherwise: string) => Config.withDefault(Config.string(name), otherwise)

/** A container for as long as its scope is open. Ephemeral: Incus deletes it when it stops. */
const container = Effect.gen(function*() {
  const { instances } = yield* Incus.IncusService
  const spec = {
    name: yield* text("EXAMPLE_NAME", "example"),
    image: yield* text("EXAMPLE_IMAGE", "clincus"),
    profiles: [yield* text("EXAMPLE_PROFILE", "default")],
    ephemeral: true,
    config: {},
    devices: {}
  }
  yield* Effect.acquireRelease(
    instances.createAndStart(spec),
    () => Effect.orDie(instances.destroy(spec.name))
  )
  return spec.name
})

const program = Effect.gen(function*() {
  const incus = yield* Incus.IncusService
  const { environment } = yield* incus.server
  yield* Console.log(`Incus ${environment.server_version}`)
  for (const { name, status } of yield* incus.instances.list) yield* Console.log(`${name}: ${status}`)

  const name = yield* container
  const { status, stdout } = yield* incus.exec.run(name, { command: ["uname", "-s"] })
  yield* Console.log(`uname ended with ${status} and said ${stdout.trim()}`)

  // A terminal is bytes in, bytes out and a size that may change.
  const decoder = new TextDecoder()
  let screen = ""
  const ended = yield* incus.exec.terminal(name, {
    command: ["sh", "-c", "stty size; read line; exit $line"]
  }, {
    size: { columns: 100, rows: 30 },
    input: Stream.make(new TextEncoder().encode("7\r")),
    resizes: Stream.empty,
    output: (chunk) => Effect.sync(() => void (screen += decoder.decode(chunk, { stream: true })))
  })
  yield* Console.log(`the terminal ended with ${ended} and showed ${JSON.stringify(screen)}`)
}).pipe(
  Effect.scoped,
  // Every failure has a tag, a sentence for the user and what to do about it.
  Effect.catchTag(
    "IncusDenied",
    "IncusUnavailable",
    (failure) => Console.error(`${failure.message}. ${failure.hint}`)
  )
)

const server = Layer.unwrapEffect(
  Effect.map(
    text("INCUS_SOCKET", "/var/lib/incus/unix.socket"),
    (socket) => Incus.layer({ socket, project: "default" })
  )
)

NodeRuntime.runMain(Effect.provide(program, server))
