import { existsSync, statfsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

// One process for all files of a project, one file after the other: containers that boot at the same time slow each other
// down, and time out what waits.
const oneAfterTheOther = { forks: { singleFork: true } }

// Unit tests share nothing but modules, which take longer to load than most tests run: so files are spread over processes
// that are used again. The pool is the root's, what is done in it the project's.
const spread = { forks: { isolate: false, maxForks: Math.max(2, availableParallelism() - 1) } }

/** Bytes that are free where files are kept in memory. */
const roomInMemory = (): number => {
  if (!existsSync("/dev/shm")) return 0
  const { bavail, bsize } = statfsSync("/dev/shm")
  return bavail * bsize
}

// A disk that others use too makes a test of many files take half a minute.
const temporary = roomInMemory() > 2 ** 30 ? { TMPDIR: "/dev/shm" } : {}

const setupFiles = ["test/support/shownErrors.ts"]

// Projects are named by folder: `unit` needs nothing, `daemon` a running Incus, `terminal` the built program as well.
export default defineConfig({
  test: {
    poolOptions: spread,
    projects: [
      {
        test: {
          name: "unit",
          setupFiles: [...setupFiles, "test/support/freshMethods.ts"],
          include: ["test/unit/**/*.test.ts"],
          env: temporary,
          // A guard against hanging, not a bound on speed: the machine may be busy.
          testTimeout: 30_000,
          poolOptions: spread
        }
      },
      {
        test: {
          name: "daemon",
          setupFiles,
          include: ["test/daemon/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          poolOptions: oneAfterTheOther
        }
      },
      {
        test: {
          name: "terminal",
          setupFiles,
          include: ["test/terminal/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          poolOptions: oneAfterTheOther
        }
      }
    ]
  }
})
