import type { Identity } from "./workspace.ts"

/**
 * Shell lines that make the container's user the workspace's owner, run by root before the tool starts. The image has
 * `code` with uid 1000; another owner gives `code` another uid, and an image without `code` gets it. Builtins of bash do
 * the usual case: a process costs some ms while the container is still booting. `owned` collects what is to be given away.
 */
export const becomeOwner = (identity: Identity, ownedParents: ReadonlyArray<string>): string => {
  if (identity.uid === 0) return ""
  const owner = `${identity.uid}:${identity.gid}`
  const parents = ownedParents.map((path) => `'${path.replaceAll("'", "'\\''")}'`).join(" ")
  return `
owner=
while IFS=: read -r name _ uid gid _; do [ "$name" = code ] && owner=$uid:$gid; done </etc/passwd
if [ -z "$owner" ]; then
  useradd --create-home --uid ${identity.uid} --non-unique --shell /bin/bash code || fail "cannot make the user code"
  owner=new
fi
if [ "$owner" != ${owner} ]; then
  groupmod --non-unique --gid ${identity.gid} "$(id -gn code)" || fail "cannot change the group of code"
  # usermod would walk through the home directory, mounts included.
  sed -i "s/^code:\\([^:]*\\):[0-9]*:[0-9]*:/code:\\1:${identity.uid}:${identity.gid}:/" /etc/passwd
  find ${identity.home} -xdev -exec chown -h ${owner} {} +
fi
${parents === "" ? "" : `owned+=(${parents})`}
`
}
