import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { makeTrace } from "../../../src/cli/trace.ts"

it.effect("a trace is the tree of spans, with the beginning and the length of each", () =>
  Effect.gen(function*() {
    const { lines, tracer } = makeTrace()
    const step = (name: string, millis: number) => Effect.withSpan(Effect.sleep(millis), name)
    const work = Effect.gen(function*() {
      yield* step("first", 20)
      yield* Effect.all([step("left", 5), step("ri\u001bght", 7.5)], { concurrency: "unbounded" })
      yield* Effect.fail("no").pipe(Effect.withSpan("refused"), Effect.ignore)
      yield* step("endless", 60_000).pipe(Effect.timeout(100), Effect.ignore)
      yield* step("last", 60_000)
    }).pipe(Effect.withSpan("all"), Effect.withTracer(tracer))
    yield* Effect.fork(work)
    yield* TestClock.adjust(1000)
    expect(lines(0n, 1_000_000_000n)).toEqual([
      "      0.0    1000.0  all  (not over)",
      "      0.0      20.0    first",
      "     20.0       5.0    left",
      "     20.0       7.5    ri\\x1bght",
      "     27.5       0.0    refused  (failed)",
      "     27.5     100.0    endless  (interrupted)",
      "    127.5     872.5    last  (not over)"
    ])
  }))
