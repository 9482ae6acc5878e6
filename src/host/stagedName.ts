import * as Option from "effect/Option"
import type { HostProcess } from "../domain/HostProcess.ts"

/**
 * What a file is called until it is whole: `.clincus.PID.STARTED.BOOT.NAMESPACE.RANDOM.new`. The name says who writes the
 * file, so no two processes have the same one, on two machines or in two namespaces of pids neither, and
 * everybody can tell a file that is being written from a file that a process left when it died.
 */

const pattern = /^\.clincus\.(\d{1,10})\.(\w+)\.([\w-]+)\.(\d*)\.[0-9a-f]+\.new$/

export const stagedName = ({ boot, namespace, pid, started }: HostProcess, random: number): string =>
  `.clincus.${pid}.${started}.${boot}.${namespace.replace(/\D/g, "")}.${random.toString(16)}.new`

export const isStaged = (name: string): boolean => pattern.test(name)

/** Who writes the file of this name; none if the name is not one of these. */
export const writerOf = (name: string): Option.Option<HostProcess> => {
  const [, pid, started = "", boot = "", namespace = ""] = pattern.exec(name) ?? []
  return pid === undefined ? Option.none() : Option.some({
    pid: Number(pid),
    started,
    boot,
    namespace: namespace === "" ? "" : `pid:[${namespace}]`
  })
}
