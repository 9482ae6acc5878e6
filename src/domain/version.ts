declare const CLINCUS_VERSION: string | undefined

/**
 * The version of clincus, as in package.json; the build puts it in, so that one file is enough to run.
 *
 * @example
 * import * as Clincus from "clincus"
 *
 * export const agent = `my-program (clincus ${Clincus.version})`
 */
export const version: string = typeof CLINCUS_VERSION === "string" ? CLINCUS_VERSION : "0.0.0-source"
