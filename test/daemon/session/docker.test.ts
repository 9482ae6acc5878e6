import { expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { IncusService } from "../../../src/incus/IncusService.ts"
import * as Library from "../support/library.ts"
import { inside } from "../support/look.ts"
import { background, run } from "../support/program.ts"
import { World } from "../support/World.ts"

/** Installs Debian's Docker, makes an image of the shell and its libraries, and runs it, with a network and without. */
const docker = `
exec 2>&1
until [ -n "$(hostname -I)" ]; do sleep 0.2; done
apt-get update -qq && apt-get install -y -qq --no-install-recommends docker.io iptables >/tmp/apt.log || { cat /tmp/apt.log; exit 1; }
for _ in $(seq 40); do docker info >/dev/null && break; sleep 0.5; done
mkdir -p /tmp/image && cd /tmp/image
for file in /bin/sh $(ldd /bin/sh | grep -o '/[^ ]*'); do mkdir -p .$(dirname $file) && cp -L $file .$file; done
tar -c . | docker import - tiny
docker run --rm tiny /bin/sh -c 'echo "one: $((6 * 7))"'
docker run --rm --network none tiny /bin/sh -c 'echo "two: $$"'`

Library.test("Docker runs in a session in which it may", () =>
  Effect.gen(function*() {
    const { configuration, configure, workspace } = yield* World
    const { instances } = yield* IncusService
    const directory = workspace({ config: "[security]\ndocker = true\n" })
    // A workspace's own word is not enough, and the user's may be either.
    expect(yield* run(["shell", "--background", "--debug"], { directory })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("security.docker = true  (yours: false; and more of the kernel is open")
    })
    const nesting = ({ container }: { readonly container: string }) =>
      Effect.map(instances.get(container), ({ config }) => config["security.nesting"])
    expect(yield* nesting(yield* background(directory, "--debug", "--no-docker"))).toBe("false")
    yield* configure(`${configuration}\n[security]\ndocker = true\n`)
    const open = yield* background(directory, "--debug")
    expect(yield* nesting(open)).toBe("true")
    const said = yield* inside(open.container, docker)
    expect(said).toMatch(/^one: 42$/m)
    expect(said).toMatch(/^two: 1$/m)
  }))
