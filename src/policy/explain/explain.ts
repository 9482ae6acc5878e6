import { type About, type Explain, type Fact, fact, type Shape } from "./Fact.ts"
import { explainFiles } from "./files.ts"
import { explainKernel } from "./kernel.ts"
import { explainLimits } from "./limits.ts"
import { explainNetwork } from "./network.ts"

const modules: ReadonlyArray<Explain> = [explainFiles, explainNetwork, explainKernel, explainLimits]

/** Options by which Incus and clincus keep their own books: nothing can be done with them inside. */
const isNote = (key: string): boolean =>
  /^(user\.clincus|volatile|image)\./.test(key) || key === "environment.CLINCUS_RUN"

/** A device that a session does not get. */
const isNothing = (device: Readonly<Record<string, string>>): boolean => device["type"] === "none"

/**
 * All that a session can do by the instance that it has. What no module of policy knows stands there as `unknown`, so that
 * nothing that an instance has is missing, whoever has put it there.
 */
export const explainShape = (shape: Shape, about: About): ReadonlyArray<Fact> => {
  const facts = modules.flatMap((explain) => explain(shape, about))
  const devices = new Set(facts.flatMap((one) => one.devices))
  const keys = new Set(facts.flatMap((one) => one.keys))
  return [
    ...facts,
    ...Object.entries(shape.devices).filter(([name, device]) => !devices.has(name) && !isNothing(device)).map(
      (
        [name, { type = "?", ...options }]
      ) =>
        fact({
          kind: "unknown",
          what: `device ${name}`,
          detail: [type, ...Object.entries(options).map(([key, value]) => `${key}=${value}`)].join(" "),
          source: about.profileOfDevice(name) ?? "added to the instance",
          devices: [name]
        })
    ),
    ...Object.entries(shape.config).filter(([key]) => !keys.has(key) && !isNote(key)).map(([key, value]) =>
      fact({
        kind: "unknown",
        what: key,
        detail: value,
        source: about.profileOfKey(key) ?? "added to the instance",
        keys: [key]
      })
    )
  ]
}
