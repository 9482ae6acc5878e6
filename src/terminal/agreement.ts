import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { ExitStatus } from "../cli/errors.ts"
import { escape } from "../cli/escape.ts"
import { notice } from "../cli/output.ts"
import { confirm } from "../cli/prompt.ts"
import type { Effective, FileRequest, RefusedLimit, RequestKey, Withheld } from "../config/Settings.ts"
import { type Grant, grantRequests } from "../config/trust.ts"
import { shellLine } from "../host/shell.ts"

const shown = (value: string | number | boolean | undefined): string =>
  value === undefined ? "none" : escape(JSON.stringify(value))

/** A tool's name in a sentence; a name that could be taken for a part of it is quoted. */
const named = (tool: string | boolean): string => /^[\w.-]+$/.test(String(tool)) ? String(tool) : shown(tool)

/** A request in one line: what is asked for, what the user has, and what it would change beside that. */
export const describeRequest = ({ asked, key, own, unasked }: FileRequest): string =>
  `${key} = ${shown(asked)}  (yours: ${shown(own)}${
    unasked
      ? `; and ${named(asked)} acts without asking, which you have not allowed for ${named(own)}`
      : key === "security.docker" && asked === true
      ? "; and more of the kernel is open to the session then"
      : ""
  })`

/** A request as scripts get it. */
export const requestData = ({ asked, key, own, unasked }: FileRequest) => ({
  key,
  asked,
  own,
  without_asking: unasked
})

/** A grant as scripts get it. */
export const grantData = ({ granted_at, keys, sha256, workspace }: Grant) => ({
  workspace,
  sha256,
  keys,
  granted_at: granted_at.toISOString()
})

/** A limit that is not in force, as scripts get it. */
export const limitData = ({ asked, key, own, reason }: RefusedLimit) => ({
  key,
  asked,
  own: own ?? null,
  reason
})

const refusals: Readonly<Record<RefusedLimit["reason"], (own: string, key: string) => string>> = {
  higher: (own, key) => `yours, ${own}, is ${key === "network.mode" ? "narrower" : "lower"}`,
  incomparable: (own) => `it cannot be compared with yours, ${own}`,
  unknown: () => "it is no limit that clincus understands",
  profile: (own) => `the profile says ${own}`
}

/** Why a limit of the file is not in force, in one line. */
export const describeLimit = ({ asked, key, own, reason }: RefusedLimit): string =>
  `${key} = ${shown(asked)} is not in force: ${refusals[reason](shown(own), key)}`

export const listRequests = ({ requests }: Withheld): string =>
  requests.map((request) => `  ${describeRequest(request)}`).join("\n")

/** The command that grants what a file asks for. */
export const trustCommand = ({ workspace }: Withheld, profile: string | undefined): string =>
  shellLine(["clincus", "trust", ...(profile === undefined ? [] : ["--profile", profile]), workspace])

const options: Readonly<Record<RequestKey, string>> = {
  "tool.name": "--tool",
  "defaults.image": "--image",
  "defaults.persistent": "--persistent or --ephemeral",
  "security.docker": "--docker or --no-docker"
}

const optionsFor = ({ requests }: Withheld): string => requests.map(({ key }) => options[key]).join(", ")

/** A workspace's own file asks for what the user has not granted, and nobody can be asked. */
export class NotGranted extends Data.TaggedError("NotGranted")<{
  readonly withheld: Withheld
  readonly profile: string | undefined
}> {
  override get message(): string {
    return `${escape(this.withheld.file)} asks for what you have not granted:\n${listRequests(this.withheld)}`
  }
  get hint(): string {
    return `Run '${trustCommand(this.withheld, this.profile)}' to grant it, or choose yourself with ${
      optionsFor(this.withheld)
    }.`
  }
}

/** Says which limits of the workspace's own file are not in force. */
export const sayLimits = (withheld: Withheld) =>
  Effect.forEach(
    withheld.limits,
    (limit) => notice(`Note: ${escape(withheld.file)}: ${describeLimit(limit)}.`),
    { discard: true }
  )

/**
 * The settings to start with: asks the user about what the workspace's own file asks for, and remembers a yes. A no ends
 * the program. Fails with `NotGranted` if nobody can be asked.
 */
export const agreeOn = ({ settings, withheld }: Effective, profile: string | undefined) =>
  Effect.gen(function*() {
    if (withheld === undefined) return settings
    yield* sayLimits(withheld)
    if (withheld.requests.length === 0) return settings
    const agreed = yield* confirm(
      `${escape(withheld.file)} asks for:\n${
        listRequests(withheld)
      }\nStart with this, and grant it to the file as it is now?`,
      { instead: trustCommand(withheld, profile) }
    ).pipe(Effect.catchTag("NoTerminal", () => new NotGranted({ withheld, profile })))
    if (!agreed) {
      yield* notice(
        `Nothing was started. Choose yourself with ${optionsFor(withheld)}, or edit ${escape(withheld.file)}.`
      )
      return yield* new ExitStatus({ code: 1 })
    }
    // A yes is a yes; at worst it is asked for again.
    yield* grantRequests(settings.paths.sessions_dir, withheld).pipe(
      Effect.catchTag("TrustNotSaved", ({ message }) => notice(`Note: ${escape(message)}.`))
    )
    return withheld.granted
  })
