import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { Host } from "../host/Host.ts"
import type { About } from "./About.ts"
import { escape } from "./escape.ts"
import { put } from "./lifecycle.ts"

/** Times are in ns since the epoch, as the clock has them. */
const milliseconds = (nanoseconds: bigint): string => (Number(nanoseconds) / 1e6).toFixed(1)

const ending = ({ status }: Tracer.Span): string =>
  status._tag === "Started"
    ? "  (not over)"
    : Exit.isSuccess(status.exit)
    ? ""
    : Exit.isInterrupted(status.exit)
    ? "  (interrupted)"
    : "  (failed)"

/** A tracer that keeps all spans, and shows them as a tree: when each began and how long it took, both in ms. */
export const makeTrace = (): {
  readonly tracer: Tracer.Tracer
  /** The tree as lines; `origin` is what beginnings are counted from, `now` how far those are that are not over. */
  readonly lines: (origin: bigint, now: bigint) => ReadonlyArray<string>
} => {
  const spans: Array<Tracer.Span> = []

  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      let status: Tracer.SpanStatus = { _tag: "Started", startTime }
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        spanId: String(spans.length + 1),
        traceId: "1",
        parent,
        context,
        get status() {
          return status
        },
        attributes: new Map(),
        links,
        sampled: true,
        kind,
        end: (endTime, exit) => {
          status = { _tag: "Ended", startTime, endTime, exit }
        },
        attribute: () => {},
        event: () => {},
        addLinks: () => {}
      }
      spans.push(span)
      return span
    },
    context: (execution) => execution()
  })

  const lines = (origin: bigint, now: bigint) => {
    const below = (parent: Option.Option<Tracer.AnySpan>, depth: number): ReadonlyArray<string> =>
      spans
        .filter((span) =>
          Option.getOrUndefined(span.parent)?.spanId === Option.getOrUndefined(parent)?.spanId
        )
        .flatMap((span) => {
          const { startTime } = span.status
          const end = span.status._tag === "Ended" ? span.status.endTime : now
          const began = milliseconds(startTime - origin).padStart(9)
          const took = milliseconds(end - startTime).padStart(9)
          return [
            `${began} ${took}  ${"  ".repeat(depth)}${escape(span.name)}${ending(span)}`,
            ...below(Option.some(span), depth + 1)
          ]
        })
    return below(Option.none(), 0)
  }

  return { tracer, lines }
}

/**
 * If the program's `traceVariable` is set, prints the tree of spans on stderr when the process ends, whatever its end:
 * so by a listener of the process, since no finalizer runs at the third signal. Beginnings are counted from the start of
 * the process.
 */
export const layer = ({ name, traceVariable }: About): Layer.Layer<never, never, Host> =>
  Layer.unwrapEffect(Effect.map(Host, ({ environment }) => {
    // Spans that nobody sees need not be made.
    if (["", "0", undefined].includes(environment[traceVariable])) return Layer.setTracerEnabled(false)
    const { lines, tracer } = makeTrace()
    const origin = BigInt(Math.round(performance.timeOrigin * 1e6))
    process.on("exit", () => {
      const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6))
      put(`${name}: the beginning and the length of each span in ms\n${lines(origin, now).join("\n")}\n`)
    })
    return Layer.setTracer(tracer)
  }))
