/** Whom a script is run as inside. */
export type Who = "root" | "user"

/**
 * What shows that a script had its way. All of it is looked at from outside: what a container says of itself counts only
 * if it knows the token, which stands where the script tries to get.
 */
export type Proof =
  /** What the script prints holds the token of the ground. */
  | { readonly kind: "says" }
  /** One of these files of the workspace, seen from the host, holds the mark of this probe as this user. */
  | { readonly kind: "holds"; readonly paths: ReadonlyArray<string> }
  /** A file of the workspace, seen from the host, has the set-uid bit; with `root` it belongs to root as well. */
  | { readonly kind: "setuid"; readonly path: string; readonly root: boolean }

/**
 * Something that is tried in a container. Lines of bash, which find in variables what they need: `WORKSPACE`, the path of
 * the workspace inside, with the token in `given`; `SECRET`, a path on the host, with the token in it; `ADDRESSES` and
 * `PORT`, where the host says the token; `DISK`, two numbers of a disk of the host; `TOKEN`, and `MARK` of this probe.
 */
export interface Script {
  readonly lines: string
  readonly proof: Proof
}

/**
 * A promise, an attempt to break it, and its control: the same way with nothing in it, which must lead to its end. If the
 * control fails, nothing can be said of the attempt.
 */
export interface Probe {
  readonly name: string
  /** For the user: what sessions are kept from, as in "Files of this machine". */
  readonly title: string
  /** What is promised, a sentence without its full stop. */
  readonly promise: string
  readonly as: ReadonlyArray<Who>
  readonly attempt: Script
  readonly control: Script
  /** The key of the configuration by which the user gives the promise up: by this value, or by any if none is named. */
  readonly opened?: { readonly key: string; readonly value?: unknown }
}
