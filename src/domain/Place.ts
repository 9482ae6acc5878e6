import * as Schema from "effect/Schema"

/**
 * Where the container of a run is. A server is known by its certificate and not by the path of a socket, which may lead to
 * another server later. A record of an older clincus names no server and no project.
 *
 * @see RunRecord
 */
export const Place = Schema.Struct({
  /** SHA-256 of the server's certificate, in hex. */
  server: Schema.optional(Schema.String),
  /** The project of Incus. */
  project: Schema.optional(Schema.String),
  /** The container's name, once the tool is up. */
  container: Schema.optional(Schema.NonEmptyString)
})
export type Place = typeof Place.Type

/** True if a place is certainly on another server than the one with this certificate: what is there cannot be seen here. */
export const isElsewhere = ({ server }: Place, fingerprint: string): boolean =>
  server !== undefined && server !== fingerprint
