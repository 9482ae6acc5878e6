import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe } from "../cli/describe.ts"
import { UsageError } from "../cli/errors.ts"
import { format, notice, Output, print } from "../cli/output.ts"
import { table } from "../cli/table.ts"
import { parseTarget, targetForms } from "../domain/network.ts"
import type { NetworkEvent } from "../session/network.ts"
import { Sessions } from "../session/Sessions.ts"
import { container, selection, slot, workspace } from "./options.ts"

/** What a session has asked for, as scripts get it. Keys are only ever added. */
const eventJson = ({ address, allowed, at, name, passed, port, session }: NetworkEvent) => ({
  time: new Date(at).toISOString(),
  container: session.container,
  session: session.id,
  passed,
  allowed,
  name: name ?? null,
  address,
  port
})

const columns = [
  { title: "TIME" },
  { title: "CONTAINER" },
  { title: "" },
  { title: "WHERE TO", shrink: "end" }
] as const

const blocked = Options.boolean("blocked").pipe(
  Options.withDescription("Only what was not let pass.")
)

const log = Command.make(
  "log",
  { slot, workspace, blocked, format, container },
  (given) =>
    Effect.gen(function*() {
      const output = yield* Output
      const sessions = yield* Sessions
      const wanted = yield* selection(given)
      const all = yield* sessions.list
      const chosen = Object.values(wanted).every((value) => value === undefined)
        ? all
        : yield* Effect.map(sessions.get(wanted), ({ id }) => all.filter((one) => one.id === id))
      const events = (yield* sessions.networkLog(chosen)).filter(({ passed }) => !given.blocked || !passed)
      yield* print(given.format, { events: events.map(eventJson) }, () =>
        events.length === 0
          ? "Nothing is noted. Only sessions that were started with --network allow have a log."
          : table(
            columns,
            events.map((event) => [
              new Date(event.at).toISOString().replace(/\..*/, "Z"),
              event.session.container,
              event.passed ? "passed" : event.allowed ? "leads nowhere" : "blocked",
              `${event.name ?? event.address}:${event.port}`
            ]),
            { stream: output.stdout }
          ))
    })
).pipe(
  Command.withDescription(describe("Show what sessions with --network allow have asked for.", {
    details: [
      "A line for each connection: whether it was let pass, and which name it was for. Connections by an address have that. What other sessions reach is not noted."
    ],
    examples: [
      ["clincus network log", "Of all running sessions."],
      ["clincus network log clincus-a1b2c3-1 --blocked", "What this one was kept from."]
    ]
  }))
)

const words = Args.text({ name: "[CONTAINER] TARGET" }).pipe(
  Args.withDescription(
    "The container (unless --slot or --workspace chooses it, or only one runs) and what is to be open to it."
  ),
  Args.repeated
)

const wrong = (reason: string, advice?: string) =>
  new UsageError({ command: "clincus network allow", reason, advice })

const allow = Command.make(
  "allow",
  { slot, workspace, words },
  (given) =>
    Effect.gen(function*() {
      const [first, second, ...more] = given.words
      if (first === undefined) return yield* wrong("there is nothing to open", `Give ${targetForms}.`)
      if (more.length > 0) {
        return yield* wrong(`${given.words.length} words were given`, "Open one at a time.")
      }
      const text = second ?? first
      const target = parseTarget(text)
      if (target === undefined) return yield* wrong(`'${text}' is not ${targetForms}`)
      const sessions = yield* Sessions
      const wanted = yield* selection({
        ...given,
        container: second === undefined ? Option.none() : Option.some(first)
      })
      const session = yield* sessions.get(wanted)
      yield* sessions.open(session, target)
      yield* notice(`${text} is open to ${session.container} until it ends.`)
    })
).pipe(
  Command.withDescription(describe("Open a host to a running session, until it ends.", {
    details: [
      "Names and presets can be opened to sessions that were started with --network allow, services of this machine (host:PORT) to all. To open something to every session, say it in [network] allow of the configuration."
    ],
    examples: [
      ["clincus network allow clincus-a1b2c3-1 crates.io", "At the ports of HTTP and HTTPS."],
      [
        "clincus network allow clincus-a1b2c3-1 host:11434",
        "A service of this machine, as http://host:11434."
      ],
      ["clincus network allow pypi", "A preset, to the only session that runs."]
    ]
  }))
)

export const command = Command.make("network").pipe(
  Command.withDescription(
    describe("See what sessions have asked the network for, and open hosts to them.", { group: "Sessions" })
  ),
  Command.withSubcommands([log, allow])
)
