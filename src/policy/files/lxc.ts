import type { Hold } from "./trees.ts"

/** What LXC reads as a word of fstab(5), whatever the path has in it. */
const escaped = (path: string): string =>
  [...Buffer.from(path)].map((byte) =>
    /[\w./@%+=:,~-]/.test(String.fromCharCode(byte)) && byte < 128
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, "0")}`
  ).join("")

const mount = (source: string, target: string, options: string): string =>
  `lxc.mount.entry = ${escaped(source)} ${escaped(target)} ${options} 0 0`

/** Without the first slash: LXC takes it from the top of the container. */
const fromTop = (path: string): string => path.replace(/^\/+/, "")

/**
 * Root in a container may unmount, and mount, what it likes in the container's own namespace, and so get at what lies below a
 * read-only mount: for this it needs one capability, which no process of the container has then. In a user namespace of
 * their own all processes still may mount: there the kernel keeps the mounts of the container as they are. The system in
 * the container finds mounted what it would mount itself. See mount_namespaces(7), and lxc.container.conf(5) for the words.
 */
const withoutMounting = [
  "lxc.cap.drop = sys_admin",
  mount("tmpfs", "dev/shm", "tmpfs rw,nosuid,nodev,create=dir"),
  mount("tmpfs", "run", "tmpfs rw,nosuid,nodev,mode=755,create=dir"),
  mount("tmpfs", "run/lock", "tmpfs rw,nosuid,nodev,noexec,size=5m,create=dir")
]

/** Mounts of one path of the container on another one. */
export interface Cover {
  readonly source: string
  readonly path: string
}

/**
 * Instance configuration that holds paths; empty if there is nothing to hold. Incus's own disk devices cost some ms each,
 * and resolve a path of the host's as root: these are mounted from within the container, where the workspace is already.
 * With `mayMount` root in the container keeps the right to mount, and so to take them away.
 */
export const lxcOf = (
  holds: ReadonlyArray<Hold>,
  covers: ReadonlyArray<Cover>,
  mayMount = false
): Record<string, string> =>
  holds.length + covers.length === 0 ? {} : {
    [lxcKey]: [
      ...(mayMount ? [] : withoutMounting),
      ...holds.map(({ how, path }) =>
        mount(fromTop(path), fromTop(path), `none bind,${how === "read" ? "ro," : ""}relative`)
      ),
      ...covers.map(({ path, source }) => mount(fromTop(source), fromTop(path), "none bind,ro,relative"))
    ].join("\n")
  }

/** The one key of an instance's configuration that is written in LXC's own words. */
export const lxcKey = "raw.lxc"

/**
 * The same for a container that is left without its session: somebody may start it by hand when what stood in for absent
 * paths is gone, and it is to start then.
 */
export const forgiving = (text: string): string =>
  text.replaceAll(/,relative 0 0$/gm, ",relative,optional 0 0")
