// Three sessions at once: each is sent a text, its screen is read, and its end is waited for. The tool is a small script,
// so that nobody has to log in.
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeRuntime from "@effect/platform-node-shared/NodeRuntime"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clincus from "clincus"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

const script = `#!/bin/sh
echo ready
while read -r line; do echo "you said: $line"; [ "$line" = bye ] && exit 0; done
`

/** Looks again and again until what is seen is as wanted. */
const until = <A, E, R>(look: Effect.Effect<A, E, R>, wanted: (seen: A) => boolean) =>
  look.pipe(Effect.delay("100 millis"), Effect.repeat({ until: wanted }), Effect.timeout("1 minute"))

/** A directory with the tool in it, for as long as the scope is open. */
const directory = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* fs.makeTempDirectoryScoped({ prefix: "clincus-example-" })
  yield* fs.writeFileString(`${path}/worker`, script, { mode: 0o755 })
  return path
})

const session = (name: string) =>
  Effect.scoped(Effect.gen(function*() {
    const config = yield* Clincus.ConfigService
    const tmux = yield* Clincus.TmuxService
    const { settings } = yield* config.load({})
    const named = { ...settings.tool.named, worker: { binary: "/workspace/worker" } }
    const started = yield* Clincus.startSession({
      workspace: yield* Clincus.openWorkspace(yield* directory),
      tool: yield* Clincus.chooseTool({ ...settings, tool: { ...settings.tool, named } }, "worker"),
      settings,
      slot: 0,
      image: settings.defaults.image,
      persistent: false,
      environment: {},
      resume: Option.none(),
      debug: false,
      size: { columns: 80, rows: 24 }
    })
    yield* tmux.send(started.guest, { text: `I am ${name}`, keys: ["Enter"] })
    const screen = yield* until(
      tmux.capture(started.guest, { ansi: false }),
      (text) => text.includes(`you said: I am ${name}`)
    )
    yield* Console.log(`${name} in ${started.container}:\n${screen.trim()}`)
    yield* tmux.send(started.guest, { text: "bye", keys: ["Enter"] })
    const end = yield* until(started.outcome, Option.isSome)
    yield* Console.log(`${name} ended with ${Option.getOrThrow(end).status}`)
  }))

const settings = Effect.flatMap(Clincus.ConfigService, (config) => config.load({}))
const services = Layer.mergeAll(
  Clincus.slotLayer,
  Clincus.tmuxLayer
).pipe(
  Layer.provideMerge(Layer.mergeAll(
    Layer.unwrapEffect(Effect.map(settings, (it) => Clincus.incusLayer(it.settings.incus))),
    Layer.unwrapEffect(Effect.map(settings, (it) => Clincus.historyLayer(it.settings.paths.sessions_dir)))
  )),
  Layer.provideMerge(Clincus.configLayer),
  Layer.provideMerge(Layer.mergeAll(Clincus.hostLayer, NodeFileSystem.layer, NodePath.layer))
)

NodeRuntime.runMain(
  Effect.forEach(["one", "two", "three"], session, { concurrency: "unbounded" }).pipe(
    Effect.provide(services)
  )
)
