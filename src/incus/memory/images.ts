import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { begun, done, refuse } from "./answers.ts"
import type { Daemon, Stored } from "./daemon.ts"
import { shown } from "./operations.ts"
import { bodyOf, type Handler, notKnown } from "./request.ts"

const Alias = Schema.Struct({ name: Schema.String, target: Schema.String })
const Target = Schema.Struct({ target: Schema.String })

/**
 * `/1.0/images`, as far as sessions need it: what there is, by fingerprint and by alias. How images come to be is not in
 * this twin; it has those that it is given.
 */
export const makeImages = (daemon: Daemon): Handler => {
  const shownImage = ({ fingerprint, properties, storedAt }: Stored) => ({
    fingerprint,
    size: 0,
    type: "container",
    architecture: "x86_64",
    public: false,
    aliases: [...daemon.aliases].filter(([, target]) => target === fingerprint).map(([name]) => ({
      name,
      description: ""
    })),
    properties,
    created_at: new Date(storedAt).toISOString(),
    uploaded_at: new Date(storedAt).toISOString()
  })

  const aliases: Handler = (asked) =>
    Effect.gen(function*() {
      const { method, segments: [, , name] } = asked
      if (name === undefined && method === "POST") {
        const alias = yield* bodyOf(asked, Alias)
        daemon.aliases.set(alias.name, alias.target)
        return done({})
      }
      const target = name === undefined ? undefined : daemon.aliases.get(name)
      if (name === undefined || target === undefined) return yield* refuse(404, "Image alias not found")
      if (method === "GET") return done({ name, target, description: "", type: "container" })
      if (method !== "PUT") return yield* notKnown(asked)
      daemon.aliases.set(name, (yield* bodyOf(asked, Target)).target)
      return done({})
    })

  return (asked) =>
    Effect.gen(function*() {
      const { method, project, segments: [, name] } = asked
      if (name === "aliases") return yield* aliases(asked)
      if (name === undefined) {
        return method === "GET" ? done([...daemon.images.values()].map(shownImage)) : yield* notKnown(asked)
      }
      const image = daemon.imageOf({ fingerprint: name })
      if (method === "GET") {
        return image === undefined ? yield* refuse(404, `Image "${name}" not found`) : done(shownImage(image))
      }
      if (method !== "DELETE") return yield* notKnown(asked)
      if (image === undefined) return yield* refuse(404, "Image not found")
      const { fingerprint } = image
      const task = yield* daemon.operations.begin("delete image", { project, name: fingerprint }, () =>
        Effect.sync(() => {
          daemon.images.delete(fingerprint)
          for (const [alias, target] of daemon.aliases) {
            if (target === fingerprint) {
              daemon.aliases.delete(alias)
            }
          }
        }))
      return begun(shown(task))
    })
}
