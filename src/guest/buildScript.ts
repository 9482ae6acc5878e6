import { quote } from "../host/shell.ts"

/**
 * Functions that the steps share. `registry_package NAME VERSION DIR` unpacks a package of the npm registry and checks
 * its digest; it needs nothing but curl, jq and openssl. A package without a digest is taken only if `INSECURE_BASE` says
 * so.
 */
const functions = `
registry_package() {
  local about file
  file=$(mktemp)
  about=$(curl -fsSL --retry 3 "$REGISTRY/$1/$2")
  printf '%s %s\\n' "$1" "$(jq -r .version <<<"$about")"
  curl -fsSL --retry 3 -o "$file" "$(jq -r .dist.tarball <<<"$about")"
  local wanted found
  wanted=$(jq -r '.dist.integrity // "" | split(" ") | map(select(startswith("sha512-"))) | first // ""' <<<"$about")
  found=sha512-$(openssl dgst -sha512 -binary "$file" | base64 -w0)
  if [ -z "$wanted" ]; then
    if [ "\${INSECURE_BASE:-}" != yes ]; then
      echo "the registry gives no sha512 of $1 $2, so that it cannot be checked; 'clincus build --insecure-base' takes it as it is" >&2
      return 1
    fi
    echo "$1 $2 is taken unchecked: the registry gives no sha512 of it" >&2
  elif [ "$wanted" != "$found" ]; then
    echo "the registry says $wanted of $1 $2, but what came is $found" >&2
    return 1
  fi
  mkdir -p "$3"
  tar -xzf "$file" -C "$3" --strip-components=1 --no-same-owner
  rm "$file"
}
apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 \\
    -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Options::=--force-confold -o Acquire::Retries=3 "$@"
}
`

/**
 * A script for `bash -s` in the build container: it runs as root, an error ends it, and its standard input is empty. All
 * of it is read before any of it runs, so that no command can take the rest for its input.
 */
export const scriptOf = (body: string, variables: Readonly<Record<string, string>>): string => {
  const all = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LC_ALL: "C.UTF-8",
    NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt",
    ...variables
  }
  const exports = Object.entries(all).map(([name, value]) => `export ${name}=${quote(value)}`)
  return `set -euo pipefail\n${exports.join("\n")}\n${functions}\nmain() {\n${body}\n}\nmain </dev/null\n`
}

/** A script that writes a file, byte for byte. */
export const fileScript = (path: string, content: Uint8Array | string): string =>
  `mkdir -p "$(dirname ${quote(path)})"\nbase64 -d > ${quote(path)} <<'END'\n${
    Buffer.from(content).toString("base64")
  }\nEND`
