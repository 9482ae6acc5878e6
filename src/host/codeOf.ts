/** The code of a failure of Node's, such as `ENOENT`; empty if it has none. See errno(3). */
export const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

/** "permission denied" of Node's "EACCES: permission denied, open '/…'". */
export const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message.replace(/^[A-Z0-9]+: /, "").replace(/, .*$/s, "") : String(cause)

/** True for the failure of a file system that cannot do with a directory what was asked for, such as fsync(2). */
export const isUnsupported = (cause: unknown): boolean =>
  ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(codeOf(cause))
