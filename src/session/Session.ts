import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import { sentenceOf } from "../domain/Failure.ts"
import type { EndReason, Metadata } from "../domain/Metadata.ts"
import type { TmuxService } from "../guest/TmuxService.ts"
import { Host } from "../host/Host.ts"
import { IncusService } from "../incus/IncusService.ts"
import { deadlineOf } from "../policy/limits.ts"
import { networkFacts, prepareNetwork } from "../policy/network/prepare.ts"
import { type Policy, policyOf } from "../policy/policy.ts"
import { inheritedFrom, sessionProfiles } from "../policy/profiles.ts"
import { type Identity, identityOf, warningOf } from "../workspace/identity.ts"
import { endContainer, isHeld, runOf } from "./container.ts"
import type { SessionFailure } from "./failures.ts"
import type { SessionHandle } from "./handle.ts"
import { HistoryStore, type Outcome } from "./HistoryStore.ts"
import type { Labels } from "./labels.ts"
import { type Occupied, occupy } from "./occupy.ts"
import { protect, protectionNotes, protectionOf } from "./protection.ts"
import { reconcile } from "./reconcile.ts"
import type { SessionRequest } from "./request.ts"
import { shapeOf } from "./shape.ts"
import { requireSlot, SlotService } from "./SlotService.ts"
import { encodeSources } from "./sources.ts"
import { explainStart } from "./startFailure.ts"
import { startTool } from "./startTool.ts"
import { type Ending, openState, type SessionState } from "./state.ts"

/**
 * A session whose tool is up. When its scope closes it ends, unless it was let go with `keep`.
 *
 * @example
 * import * as Clincus from "clincus"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * export const inBackground = Effect.gen(function*() {
 *   const sessions = yield* Clincus.Sessions
 *   const session: Clincus.Session = yield* sessions.start({ workspace: "." })
 *   yield* Effect.forEach(session.notes, (note) => Console.error(note))
 *   // The session goes on when the scope closes.
 *   yield* session.keep
 *   return session.container
 * }).pipe(Effect.scoped)
 */
export interface Session extends SessionHandle {
  /** True if a persistent container that stood stopped is used again. */
  readonly restarted: boolean
  /** Sentences for the user on what is unusual about it. */
  readonly notes: ReadonlyArray<string>
  /** Lets the session live on by itself when the scope closes: it ends when its tool does. */
  readonly keep: Effect.Effect<void>
  /** Returns when what earlier sessions have left in a crash is in order; a start puts that in order on the way. */
  readonly tidied: Effect.Effect<void>
  /** What the history will say of the end, if the scope itself cannot know: `lost` after a look at Incus, for instance. */
  readonly endsAs: (reason: EndReason) => Effect.Effect<void>
  /** What the tool left when it ended; none while it runs. */
  readonly outcome: Effect.Effect<Option.Option<Outcome>>
}

type SessionServices =
  | IncusService
  | TmuxService
  | SlotService
  | HistoryStore
  | Host
  | FileSystem.FileSystem
  | Path.Path

/**
 * A session, in the order of its life: a saved directory with the tool's state, a container in a slot, the tool in tmux
 * in it. Each is acquired together with its release, so that a failure, an interrupt or the end undoes them in reverse:
 * the container goes (a persistent one stops), then the credentials, and what was said is saved.
 */
export const startSession = (
  request: SessionRequest
): Effect.Effect<Session, SessionFailure, SessionServices | Scope.Scope> =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const ending: Ending = {
      kept: yield* Ref.make(false),
      started: yield* Ref.make(false),
      held: yield* Ref.make(false),
      reason: yield* Ref.make(Option.none<EndReason>())
    }
    yield* requireSlot(request.slot)
    const incus = yield* IncusService
    // Meanwhile the disk is busy with the state.
    const profiles = yield* Effect.forkScoped(sessionProfiles)
    const facts = yield* Effect.forkScoped(networkFacts(request.network.mode))
    const identity = yield* identityOf(request.workspace, request.mounts)
    const protection = yield* protectionOf(request)
    const saved = yield* openState(request, identity, protection.stands, ending)
    const inherited = inheritedFrom(yield* Fiber.join(profiles))
    const walls = policyOf({ ...request, pool: request.placement.pool }, inherited, (yield* Host).memory)
    const network = yield* prepareNetwork(
      saved.run.run ?? saved.id,
      { ...request.network, tool: request.tool.tool.hosts ?? [], environment: request.environment },
      { ...(yield* Fiber.join(facts)), devices: inherited.devices },
      Ref.get(ending.kept)
    )
    const held = yield* protect(protection, saved, request, identity)
    const policy = {
      ...walls,
      hostPorts: network.hostPorts,
      ...shapeOf({
        request,
        identity,
        saved: saved.path,
        walls,
        network: network.devices,
        held
      })
    }
    const explain = explainStart({
      identity,
      workspace: request.workspace.path,
      limits: policy.asked,
      held: protection.plan.holds.map(({ below, root }) => `${root}/${below}`)
    })
    // While Incus makes the container the host has time for what the tool will need, and for what a crash has left.
    const [container, notes, tidying] = yield* Effect.all([
      explain(launch(request, identity, policy, saved, ending)),
      saved.fill,
      Effect.forkScoped(Effect.ignoreLogged(reconcile)),
      Effect.forkScoped(incus.exec.prepare)
    ], { concurrency: "unbounded" })
    const [guest] = yield* Effect.all([
      explain(startTool(request, identity, policy, saved, container)),
      noteMetadata(request, saved, container)
    ], { concurrency: "unbounded" })
    yield* history.runs.note({
      ...saved.run,
      opened: network.opened,
      container: container.container,
      phase: "running"
    })
    yield* Ref.set(ending.started, true)
    const warning = warningOf(identity, request.workspace.path)
    return {
      id: saved.id,
      container: container.container,
      slot: container.slot,
      tool: request.tool.tool.name,
      workspace: request.workspace.path,
      saved: saved.path,
      run: saved.run.run,
      persistent: container.persistent,
      onDetach: request.onDetach,
      clipboard: request.clipboard === "write",
      restarted: container.restarted,
      guest,
      notes: [
        ...(warning === undefined ? [] : [warning]),
        ...protectionNotes(protection, identity),
        ...network.notes,
        ...notes
      ],
      keep: Ref.set(ending.kept, true),
      tidied: Fiber.join(tidying),
      endsAs: (end: EndReason) => Ref.set(ending.reason, Option.some(end)),
      outcome: history.outcome({ tool: request.tool.tool.name, id: saved.id })
    }
  }).pipe(Effect.withSpan("Session.start"))

/** Allocates the slot by launching the container in it, workspace and state mounted. */
const launch = (
  request: SessionRequest,
  identity: Identity,
  policy: Policy,
  saved: SessionState,
  ending: Ending
) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const slots = yield* SlotService
    const host = yield* Host
    const { tool } = request.tool
    const { workspace } = request
    const labels = (container: string, slot: number, persistent: boolean): Labels => ({
      version: 1,
      session: saved.id,
      container,
      run: saved.run.run,
      workspace: workspace.path,
      directory: request.directory,
      tool: tool.name,
      slot,
      persistent: persistent ? "true" : "false",
      detach: request.onDetach,
      clipboard: request.clipboard,
      network: request.network.mode,
      user: host.uid,
      uid: identity.uid,
      gid: identity.gid,
      home: identity.home,
      owner: `${identity.owner.uid}:${identity.owner.gid}`,
      saved: saved.path,
      started: saved.startedAt,
      deadline: deadlineOf(policy.limits, saved.startedAt),
      sources: request.sources === undefined ? undefined : encodeSources(request.sources),
      variables: Object.keys(saved.environment).toSorted().join(",")
    })
    const holder = { session: saved.id, run: saved.run.run }
    const claimed = slots.claim(workspace, saved.slot, (place) =>
      occupy(place, {
        image: request.image,
        devices: policy.devices,
        config: { ...policy.config, ...runOf(saved.run.run) },
        labels,
        persistent: request.persistent,
        // If any slot will do, a session that goes on does not become persistent by the slot that it gets.
        exact: saved.slot === 0 && saved.resumed && !request.persistent
      }))
    const end = (container: string) =>
      Effect.gen(function*() {
        if (yield* Ref.get(ending.kept)) return
        yield* Effect.ignore(history.runs.note({ ...saved.run, container, phase: "ending" }))
        yield* endContainer(container, holder)
        yield* Ref.set(ending.held, false)
      }).pipe(Effect.catchAll((error) => Effect.logError(sentenceOf(error))))
    // While Incus is waited for an interrupt takes effect; what it has made by then is undone by `occupy`.
    const place = Effect.uninterruptibleMask((restore) =>
      Ref.set(ending.held, true).pipe(
        Effect.zipRight(restore(claimed)),
        Effect.onError(() => Effect.flatMap(isHeld(holder), (held) => Ref.set(ending.held, held))),
        Effect.tap(({ container }) => Effect.addFinalizer(() => end(container)))
      )
    )
    return yield* place.pipe(
      // What a crash has left in the slot is nobody's.
      Effect.catchTags({
        SlotInUse: () => Effect.zipRight(reconcile, place),
        NoFreeSlot: () => Effect.zipRight(reconcile, place)
      })
    )
  })

/** Writes what the session is to its saved directory. */
const noteMetadata = (request: SessionRequest, saved: SessionState, container: Occupied) =>
  Effect.gen(function*() {
    const history = yield* HistoryStore
    const now = new Date(saved.startedAt)
    const { end: _end, endedAt: _endedAt, ...before } = Option.getOrElse(saved.before, (): Metadata => ({
      version: 1,
      id: saved.id,
      tool: request.tool.tool.name,
      workspace: request.workspace.path,
      containerPath: request.directory,
      container: container.container,
      slot: container.slot,
      persistent: container.persistent,
      image: request.image,
      startedAt: now,
      lastUsedAt: now
    }))
    yield* history.save({
      ...before,
      workspace: request.workspace.path,
      container: container.container,
      slot: container.slot,
      persistent: container.persistent,
      lastStartedAt: now,
      lastUsedAt: now,
      ...(request.profile === undefined ? {} : { profile: request.profile })
    })
  })
