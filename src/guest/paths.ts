/**
 * Where the files of a session are in its container: on the container's own disk, since `/run` and `/tmp` are emptied while
 * it is still booting, and the tool starts before that.
 */
export const guestDirectory = "/var/lib/clincus"
/** Written by the pane when the tool ends, read by the host: a mounted directory. */
export const outcomeDirectory = `${guestDirectory}/outcome`
export const socketPath = `${guestDirectory}/tmux.sock`
/** Where the pane says, while its start is watched, that the tool begins (an empty line) and what it ended with. */
export const momentPath = `${guestDirectory}/moment`
/** Stands there from when the time of the session is over. */
export const overPath = `${guestDirectory}/over`
