# What start, test and run share. Sourced by bash, in the root of the repository.

# Owners of the files that the tests work on, beside the user who runs them.
test_ids=(--ids 1000:1000 --ids 1001:1001 --ids 1234:100 --ids 1003:1003)

say() { printf '%s\n' "$*" >&2; }

# Installs the packages and builds, each only when something changed since.
prepare() {
  if [ ! node_modules/.package-lock.json -nt package-lock.json ] || [ ! node_modules/.package-lock.json -nt package.json ]; then
    say "Installing the packages that clincus is built with..."
    npm ci --no-audit --no-fund --loglevel=error >&2
    touch node_modules/.package-lock.json
  fi
  if [ ! -x dist/clincus ] || [ -n "$(find src scripts/build.mjs package.json package-lock.json -newer dist/clincus -type f -print -quit)" ]; then
    say "Building dist/clincus..."
    node scripts/build.mjs >&2
  fi
}

# Makes the machine ready for the tests, which starts Incus.
set_up() { dist/clincus setup --yes --gateway "${test_ids[@]}"; }

# Runs something in the group that may use Incus, where set-up has put the user in but this login is not yet.
with_incus() {
  local group=incus-admin user line word
  user=$(id -un)
  if [ "$(id -u)" = 0 ] || id -Gn | tr ' ' '\n' | grep -qx "$group" ||
    ! id -Gn "$user" | tr ' ' '\n' | grep -qx "$group"; then
    "$@"
    return
  fi
  line=exec
  for word in "$@"; do line+=" '${word//\'/\'\\\'\'}'"; done
  sg "$group" -c "$line"
}

# Installs a Debian package that only the tests need, where it is missing and can be.
test_tool() {
  command -v "$1" >/dev/null && return
  local sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  if ! command -v apt-get >/dev/null; then
    say "The tests need $1: install $2."
    return 1
  fi
  say "Installing $2, which the tests need..."
  "${sudo[@]}" apt-get -o DPkg::Lock::Timeout=300 update >/dev/null &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$2" >/dev/null
}
