import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"

/** Somebody who sleeps, and until when (ms since the epoch). */
interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/**
 * A clock that goes on when nothing else does: while a fiber has something to do it stands still, and when all wait it
 * jumps to the moment that the next one waits for. So a test takes no time for what only waits, be it an hour, and what
 * is due first comes first. What is not waiting by the clock must not be waiting for the disk, the network or a module to
 * be loaded either: those would come too late. Use it with the twins in memory.
 *
 * @example
 * import * as Testing from "clincus/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const waited = Effect.sleep("1 hour").pipe(Effect.provide(Testing.hurriedClock))
 */
export const hurriedClock: Layer.Layer<never> = Layer.unwrapEffect(Effect.sync(() => {
  let now = Date.now()
  const sleepers = new Set<Sleeper>()
  /** Steps of fibers that are to be done. */
  let steps = 0
  let waiting = false

  const next = () => {
    waiting = false
    // A promise that was kept a moment ago has made a step of its fiber by now.
    if (steps > 0) return wait()
    let first: Sleeper | undefined
    for (const sleeper of sleepers) if (first === undefined || sleeper.until < first.until) first = sleeper
    if (first === undefined) return
    now = Math.max(now, first.until)
    sleepers.delete(first)
    first.wake()
    wait()
  }

  const wait = () => {
    if (waiting || sleepers.size === 0) return
    waiting = true
    setImmediate(next)
  }

  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        if (!Duration.isFinite(duration)) return
        const sleeper: Sleeper = {
          until: now + Math.ceil(Duration.toMillis(duration)),
          wake: () => resume(Effect.void)
        }
        sleepers.add(sleeper)
        wait()
        return Effect.sync(() => void sleepers.delete(sleeper))
      })
  }

  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) => Scheduler.defaultScheduler.shouldYield(fiber),
    scheduleTask: (task, priority, fiber) => {
      steps += 1
      Scheduler.defaultScheduler.scheduleTask(
        () => {
          steps -= 1
          task()
        },
        priority,
        fiber
      )
    }
  }

  return Layer.merge(Layer.setClock(clock), Layer.setScheduler(scheduler))
}))
