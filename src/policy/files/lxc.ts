import type { Device } from "../../incus/schemas.ts"

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

/** What is mounted on a path of the container so that it is as it should be. */
export interface Mount {
  /** Absolute, in the container: where it is mounted. */
  readonly path: string
  /** Absolute, in the container: what is mounted there. */
  readonly source: string
  /** The same on the host. */
  readonly from: string
  readonly readOnly: boolean
}

/** How mounts are asked for: as instance configuration, and as devices. */
export interface Mounting {
  readonly config: Readonly<Record<string, string>>
  readonly devices: Readonly<Record<string, Device>>
}

/**
 * Makes mounts in a container; nothing if there are none. If the container `mayMount`, as Docker in it has to, root there can
 * get around them, and nobody else. Incus's own disk devices cost some ms each, and resolve a path of the host's as root:
 * these are mounted from within the container, where the workspace is already. LXC mounts what is `shifted` last of all, so
 * then they are devices.
 */
export const mountingOf = (
  mounts: ReadonlyArray<Mount>,
  { mayMount, shifted }: { readonly mayMount: boolean; readonly shifted: boolean }
): Mounting => {
  if (mounts.length === 0) return { config: {}, devices: {} }
  const lines = [
    ...(mayMount ? [] : withoutMounting),
    ...(shifted ?
      [] :
      mounts.map(({ path, readOnly, source }) =>
        mount(fromTop(source), fromTop(path), `none bind,${readOnly ? "ro," : ""}relative`)
      ))
  ]
  return {
    config: lines.length === 0 ? {} : { [lxcKey]: lines.join("\n") },
    devices: !shifted ? {} : Object.fromEntries(mounts.map(({ from, path, readOnly }, index) => [
      `hold${index}`,
      {
        type: "disk",
        source: from,
        path,
        shift: "true",
        // A container that is left without its session is to start by hand, when what stood in is gone.
        required: "false",
        ...(readOnly ? { readonly: "true" } : {})
      }
    ]))
  }
}

/** The one key of an instance's configuration that is written in LXC's own words. */
export const lxcKey = "raw.lxc"

/**
 * The same for a container that is left without its session: somebody may start it by hand when what stood in for absent
 * paths is gone, and it is to start then.
 */
export const forgiving = (text: string): string =>
  text.replaceAll(/,relative 0 0$/gm, ",relative,optional 0 0")
