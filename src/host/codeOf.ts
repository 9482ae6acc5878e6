/** The code of a failure of Node's, such as `ENOENT`; empty where it has none. See errno(3). */
export const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""
