import { defineConfig } from "vitest/config"

// Projects are named by folder: `unit` needs nothing, `daemon` a running Incus, `terminal` the built program as well.
export default defineConfig({
  test: {
    // One file after the other: containers that boot at the same time slow each other down, and time out what waits.
    fileParallelism: false,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          // A guard against hanging, not a bound on speed: the machine may be busy.
          testTimeout: 30_000
        }
      },
      {
        test: {
          name: "daemon",
          include: ["test/daemon/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          poolOptions: { forks: { singleFork: true } }
        }
      },
      {
        test: {
          name: "terminal",
          include: ["test/terminal/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          poolOptions: { forks: { singleFork: true } }
        }
      }
    ]
  }
})
