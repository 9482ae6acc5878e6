import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { IncusService } from "../../../src/incus/IncusService.ts"
import { Unexpected } from "../../daemon/support/eventually.ts"
import { inside } from "../../daemon/support/look.ts"

const port = 4100
const stub = readFileSync(new URL("stub.ts", import.meta.url), "utf8")
const requestsFile = "/root/requests"

/** Where the model is to be found, in the container. */
export const modelUrl = `http://127.0.0.1:${port}`

/** Starts the model in a container and waits until it answers. */
export const serveModel = (container: string) =>
  Effect.gen(function*() {
    const { exec } = yield* IncusService
    const { status, stderr } = yield* exec.run(container, {
      command: [
        "bash",
        "-c",
        `cat > /root/stub.ts
         setsid node /root/stub.ts ${port} ${requestsFile} </dev/null >/root/stub.log 2>&1 &
         until curl -sf ${modelUrl} >/dev/null; do
           kill -0 $! || { cat /root/stub.log >&2; exit 1; }
           sleep 0.05
         done`
      ],
      input: stub
    })
    if (status !== 0) return yield* new Unexpected({ what: `the model did not start: ${stderr}` })
  })

const Request = Schema.Struct({
  url: Schema.String,
  headers: Schema.Record({ key: Schema.String, value: Schema.Unknown })
})

/** What the model of a container was asked so far. */
export const requestsOf = (container: string) =>
  inside(container, `cat ${requestsFile}`).pipe(
    Effect.map((text) => text.split("\n").filter((line) => line !== "")),
    Effect.flatMap(Effect.forEach((line) => Schema.decodeUnknown(Schema.parseJson(Request))(line))),
    Effect.map((requests) => requests.filter(({ url }) => url.includes("/messages")))
  )
