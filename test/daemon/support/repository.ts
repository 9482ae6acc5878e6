import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"

/** Runs git on the host as its user would, in a directory that may belong to another user. */
export const git = (directory: string, ...args: ReadonlyArray<string>): string =>
  execFileSync("git", ["-C", directory, ...args], {
    encoding: "utf8",
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: join(import.meta.dirname, "gitconfig"),
      GIT_AUTHOR_NAME: "me",
      GIT_AUTHOR_EMAIL: "me@example.com",
      GIT_COMMITTER_NAME: "me",
      GIT_COMMITTER_EMAIL: "me@example.com"
    },
    stdio: ["ignore", "pipe", "pipe"]
  })

/** Gives a directory and all in it to a user. */
export const give = (directory: string, uid = 1000) =>
  execFileSync("chown", ["-R", "--no-dereference", `${uid}:${uid}`, directory])

/** Makes a repository with one commit of a directory, with an author that its sessions find. */
export const repository = (directory: string, uid = 1000) => {
  git(directory, "init", "--quiet", "--initial-branch=main")
  git(directory, "config", "user.name", "me")
  git(directory, "config", "user.email", "me@example.com")
  git(directory, "add", "--all")
  git(directory, "commit", "--quiet", "--message", "first")
  give(directory, uid)
}

/** Every path below a directory but for some, with the text of files and what links lead to: to see that nothing has changed. */
export const listing = (directory: string, without: RegExp = /^$/): ReadonlyArray<string> =>
  Fs.readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }))
    .filter(({ path }) => !without.test(path.slice(directory.length + 1)))
    .map(({ entry, path }) =>
      `${path.slice(directory.length + 1)} ${
        entry.isFile()
          ? Fs.readFileSync(path, "latin1")
          : entry.isSymbolicLink()
          ? Fs.readlinkSync(path)
          : "/"
      }`
    ).toSorted()
