import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Device, listOf } from "../schemas.ts"
import { begun, done, refuse } from "./answers.ts"
import { makeContainers } from "./containers.ts"
import type { Daemon } from "./daemon.ts"
import { makeExec } from "./exec.ts"
import { type Container, etagOf } from "./model.ts"
import { shown, type Verb } from "./operations.ts"
import { type Asked, bodyOf, type Handler, notKnown } from "./request.ts"

const Strings = Schema.Record({ key: Schema.String, value: Schema.String })
const Devices = Schema.Record({ key: Schema.String, value: Device })

const Creation = Schema.Struct({
  name: Schema.String,
  source: Schema.Struct({
    type: Schema.Literal("image"),
    alias: Schema.optional(Schema.String),
    fingerprint: Schema.optional(Schema.String)
  }),
  ephemeral: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  config: Schema.optionalWith(Strings, { default: () => ({}) }),
  devices: Schema.optionalWith(Devices, { default: () => ({}) }),
  profiles: Schema.optionalWith(listOf(Schema.String), { default: () => ["default"] }),
  start: Schema.optionalWith(Schema.Boolean, { default: () => false })
})

const Replacement = Schema.Struct({
  ephemeral: Schema.Boolean,
  config: Strings,
  devices: Devices,
  profiles: listOf(Schema.String)
})

const Change = Schema.Struct({
  action: Schema.String,
  force: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  timeout: Schema.optionalWith(Schema.Number, { default: () => -1 })
})

const Name = Schema.Struct({ name: Schema.String })

const requireName = (name: string) =>
  /^[a-z][a-z0-9-]*$/i.test(name)
    ? Effect.void
    : Effect.fail(
      refuse(400, "Invalid instance name: Name can only contain alphanumeric and hyphen characters")
    )

/** What a profile's absence is called when a container is made and when it is changed. */
const requireProfiles = (
  { profiles }: Daemon,
  names: ReadonlyArray<string>,
  status: number,
  told: (name: string) => string
) => {
  const missing = names.find((name) => !profiles.has(name))
  return missing === undefined ? Effect.void : Effect.fail(refuse(status, told(missing)))
}

/** `/1.0/instances` and all below it; and what happens to containers without being asked for. */
export const makeInstances = (daemon: Daemon) => {
  const containers = makeContainers(daemon)
  const exec = makeExec(daemon)

  const find = (project: string, name: string) => {
    const found = daemon.project(project)?.get(name)
    return found === undefined
      ? Effect.fail(
        refuse(404, `Failed to fetch instance "${name}" in project "${project}": Instance not found`)
      )
      : Effect.succeed(found)
  }

  const operation = (verb: Verb, container: Container, run: Effect.Effect<void, ReturnType<typeof refuse>>) =>
    daemon.operations.begin(verb, { project: container.project, name: container.name }, () => run).pipe(
      Effect.map((task) => begun(shown(task)))
    )

  const list: Handler = ({ project, query }) =>
    Effect.sync(() => {
      const all = query.get("all-projects") === "true"
        ? [...daemon.projects.values()]
        : [daemon.project(project) ?? new Map<string, Container>()]
      return done(all.flatMap((one) => [...one.values()].map(daemon.shown)))
    })

  const create: Handler = (asked) =>
    Effect.gen(function*() {
      const body = yield* bodyOf(asked, Creation)
      if (daemon.project(asked.project) === undefined) {
        return yield* refuse(404, "Failed loading project: Project not found")
      }
      yield* requireName(body.name)
      yield* requireProfiles(
        daemon,
        body.profiles,
        500,
        (name) => `Requested profile "${name}" doesn't exist`
      )
      const place = { project: asked.project, name: body.name }
      const task = yield* daemon.operations.begin(
        "create",
        place,
        () => containers.create(asked.project, body)
      )
      return begun(shown(task))
    })

  const replace = (asked: Asked, container: Container) =>
    Effect.gen(function*() {
      const body = yield* bodyOf(asked, Replacement)
      const expected = asked.request.headers?.["If-Match"]?.replaceAll("\"", "")
      const etag = etagOf(container)
      if (expected !== undefined && expected !== etag) {
        return yield* refuse(412, `ETag doesn't match: ${etag} vs ${expected}`)
      }
      yield* requireProfiles(daemon, body.profiles, 404, () => "Profile not found")
      return yield* operation("edit", container, containers.replace(container, body))
    })

  const rename = (asked: Asked, container: Container) =>
    Effect.gen(function*() {
      const { name } = yield* bodyOf(asked, Name)
      yield* requireName(name)
      if (daemon.project(asked.project)?.has(name) === true) {
        return yield* refuse(409, `Name "${name}" already in use`)
      }
      return yield* operation("rename", container, containers.rename(container, name))
    })

  const change = (asked: Asked, container: Container) =>
    Effect.gen(function*() {
      const { action, force, timeout } = yield* bodyOf(asked, Change)
      switch (action) {
        case "start":
          return yield* operation("start", container, containers.start(container))
        case "stop":
          return yield* operation("stop", container, containers.stop(container, force, timeout))
        case "freeze":
          return yield* operation("freeze", container, containers.freeze(container, true))
        case "unfreeze":
          return yield* operation("unfreeze", container, containers.freeze(container, false))
        default:
          return yield* refuse(400, `Unknown action: '${action}'`)
      }
    })

  const state = ({ commands, status }: Container) =>
    done({
      status,
      pid: status === "Stopped" ? 0 : 4242,
      processes: status === "Stopped" ? 0 : 1 + commands.size,
      memory: { usage: 0 },
      disk: {},
      network: null
    })

  const file = (asked: Asked, container: Container) =>
    Effect.suspend(() => {
      const path = asked.query.get("path") ?? ""
      if (asked.method === "POST") {
        container.files.set(path, asked.request.bytes ?? new Uint8Array())
        return Effect.succeed(done({}))
      }
      const body = container.files.get(path)
      return body === undefined
        ? Effect.fail(refuse(404, "Not Found"))
        : Effect.succeed({ status: 200, headers: { "x-incus-type": "file" }, body })
    })

  const handle: Handler = (asked) =>
    Effect.gen(function*() {
      const [, name, part] = asked.segments
      const { method } = asked
      if (name === undefined) {
        return yield* method === "GET" ? list(asked) : method === "POST" ? create(asked) : notKnown(asked)
      }
      const container = yield* find(asked.project, name)
      switch (`${method} ${part ?? ""}`.trim()) {
        case "GET":
          return done(daemon.shown(container), etagOf(container))
        case "PUT":
          return yield* replace(asked, container)
        case "POST":
          return yield* rename(asked, container)
        case "DELETE":
          return yield* container.status === "Stopped"
            ? operation("delete", container, containers.remove(container))
            : Effect.fail(refuse(400, "Instance is running"))
        case "GET state":
          return state(container)
        case "PUT state":
          return yield* change(asked, container)
        case "GET files":
        case "POST files":
          return yield* file(asked, container)
        case "POST exec":
          return yield* exec.begin(asked, container)
        default:
          return yield* notKnown(asked)
      }
    })

  return { handle, containers, find, connect: exec.connect }
}
