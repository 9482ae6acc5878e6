import { type NetworkTarget, parseTarget } from "../../domain/network.ts"

const names = ["http_proxy", "https_proxy", "all_proxy"]

/** A proxy that an environment names, as something that can be opened. */
export interface NamedProxy {
  /** The variable that names it. */
  readonly variable: string
  readonly target: NetworkTarget
  /** `proxy.corp.example:3128` */
  readonly shown: string
}

const portOf = ({ port, protocol }: URL): string =>
  port !== "" ? port : protocol === "https:" ? "443" : protocol === "socks5:" ? "1080" : "80"

/**
 * The proxies of an environment, each once. What sessions of a machine behind a proxy are for would not work without it.
 * A proxy that listens on the loopback interface only is another one in a container, and none of these.
 */
export const proxiesOf = (
  environment: Readonly<Record<string, string | undefined>>
): ReadonlyArray<NamedProxy> => {
  const found = new Map<string, NamedProxy>()
  for (const variable of names.flatMap((name) => [name, name.toUpperCase()])) {
    const value = environment[variable] ?? ""
    if (value === "") continue
    const text = value.includes("://") ? value : `http://${value}`
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || /^(localhost|127\..*|\[.*)$/.test(url.hostname)) continue
    const shown = `${url.hostname}:${portOf(url)}`
    const target = parseTarget(shown)
    if (target !== undefined && target._tag !== "Host" && !found.has(shown)) {
      found.set(shown, { variable, target, shown })
    }
  }
  return [...found.values()]
}
