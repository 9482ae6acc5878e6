import type { Probe } from "./Probe.ts"

const trusted = [
  ".git/hooks/post-checkout",
  ".git/config",
  ".vscode/tasks.json",
  ".envrc",
  ".mcp.json",
  ".claude/settings.json"
]

export const hooks: Probe = {
  name: "hooks",
  title: "What this machine runs",
  promise:
    "a session changes no hook, editor's task or tool's setting that this machine runs or trusts by itself",
  as: ["user", "root"],
  attempt: {
    lines: `
cd "$WORKSPACE" || exit
leave() {
  for path in ${trusted.join(" ")}; do
    mkdir -p "$(dirname "$path")"; printf '\\n# %s\\n' "$MARK" >>"$path"
  done
}
leave
for path in ${trusted.join(" ")} .git/hooks .vscode .envrc .claude; do
  mount -o remount,rw,bind "$WORKSPACE/$path"; umount -l "$WORKSPACE/$path"
done
leave
unshare -m bash -c 'mount --make-rprivate /; umount -l "$WORKSPACE"/.git/*; printf "# %s" "$MARK" >>"$WORKSPACE/.git/config"'
rm -rf .git/hooks; mv -T .git/hooks .git/gone; mkdir -p .git/hooks
leave
`,
    proof: { kind: "holds", paths: trusted }
  },
  control: {
    lines: "rm -f \"$WORKSPACE/written\"; printf %s \"$MARK\" >\"$WORKSPACE/written\"",
    proof: { kind: "holds", paths: ["written"] }
  },
  opened: { key: "security.writable" }
}
