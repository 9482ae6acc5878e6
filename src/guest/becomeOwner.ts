import { quote } from "../host/shell.ts"
import type { Identity } from "../workspace/identity.ts"

/** Puts `code` into the mapped groups, in the place of those of an earlier session. */
const groupLines = ({ groups }: Identity): string =>
  groups.length === 0 ? "" : `
groups=
while IFS= read -r line; do case $line in host-*) ;; *) groups+=$line$'\\n' ;; esac; done </etc/group
${groups.map(({ inside, outside }) => `groups+='host-${outside}:x:${inside}:code'$'\\n'`).join("\n")}
printf %s "$groups" >/etc/group
`

/**
 * Shell lines that make the container's user the one that the session is mapped to, run by root before the tool starts.
 * The image has `code` with uid 1000, so there is nothing to do but for an image of somebody's own, for shifted mounts of
 * another owner, and for more groups. Builtins of bash do the usual case: a process costs some ms while the container is
 * still booting. `_clincus_owned` collects what is to be given away.
 */
export const becomeOwner = (identity: Identity, ownedParents: ReadonlyArray<string>): string => {
  if (identity.uid === 0) return ""
  const user = `${identity.uid}:${identity.gid}`
  return `
owner=
while IFS=: read -r name _ uid gid _; do [ "$name" = code ] && owner=$uid:$gid; done </etc/passwd
if [ -z "$owner" ]; then
  useradd --create-home --uid ${identity.uid} --non-unique --shell /bin/bash code || fail "cannot make the user code"
  owner=new
fi
if [ "$owner" != ${user} ]; then
  groupmod --non-unique --gid ${identity.gid} "$(id -gn code)" || fail "cannot change the group of code"
  # usermod would walk through the home directory, mounts included.
  sed -i "s/^code:\\([^:]*\\):[0-9]*:[0-9]*:/code:\\1:${identity.uid}:${identity.gid}:/" /etc/passwd
  find ${identity.home} -xdev -exec chown -h ${user} {} +
fi
${groupLines(identity)}
${ownedParents.length === 0 ? "" : `_clincus_owned+=(${ownedParents.map(quote).join(" ")})`}
`
}
