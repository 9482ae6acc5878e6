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
while read -r line; do
  echo "you said: $line"
  [ "$line" = bye ] && exit 0
done
`

/** A directory to work on, with the tool in it, for as long as the scope is open. */
const directory = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* fs.makeTempDirectoryScoped({ prefix: "clincus-example-" })
  yield* fs.writeFileString(`${path}/worker`, script, { mode: 0o755 })
  return path
})

/** Looks again and again until the screen shows a text. */
const untilShown = (session: Clincus.Session, text: string) =>
  Effect.flatMap(Clincus.Sessions, (sessions) => sessions.capture(session)).pipe(
    Effect.delay("100 millis"),
    Effect.repeat({ until: (screen) => screen.includes(text) }),
    Effect.timeout("1 minute")
  )

/** The session ends with the scope, whatever happens in it: the container goes, and what was said stays saved. */
const work = (name: string) =>
  Effect.scoped(Effect.gen(function*() {
    const sessions = yield* Clincus.Sessions
    const session = yield* sessions.start({
      workspace: yield* directory,
      tool: "worker",
      tools: [yield* Clincus.describeTool("worker", { binary: "/workspace/worker" })]
    })
    yield* sessions.send(session, { text: `I am ${name}`, keys: ["Enter"] })
    const screen = yield* untilShown(session, `you said: I am ${name}`)
    yield* Console.log(`${name} in ${session.container}:\n${screen.trim()}`)

    yield* sessions.send(session, { text: "bye", keys: ["Enter"] })
    const { outcome } = yield* sessions.wait(session)
    yield* Console.log(`${name} ended with ${Option.getOrThrow(outcome).status}`)
  }))

const services = Clincus.layer.pipe(Layer.provideMerge(Layer.merge(NodeFileSystem.layer, NodePath.layer)))

Effect.forEach(["one", "two", "three"], work, { concurrency: "unbounded" }).pipe(
  Effect.provide(services),
  NodeRuntime.runMain
)
