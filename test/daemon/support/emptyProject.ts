import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import manifest from "../../../package.json" with { type: "json" }

const Packed = Schema.parseJson(Schema.Tuple(Schema.Struct({
  filename: Schema.String,
  files: Schema.Array(Schema.Struct({ path: Schema.String }))
})))

/** What the empty project installs beside the library: its peers and the layers for Node, as this repository has them. */
const companions = ["effect", "@effect/platform", "@effect/platform-node-shared"] as const

/** Options of the compiler that are no options of the library's own build. */
export interface CompilerOptions {
  readonly skipLibCheck: boolean
  readonly moduleResolution?: "nodenext" | "bundler"
}

/** A project outside of the repository that has the packed library, its peers and nothing else: no types of Node. */
export interface EmptyProject {
  readonly directory: string
  /** The files of the package. */
  readonly packed: ReadonlyArray<string>
  readonly tarball: string
  /** Adds a module. */
  readonly write: (name: string, text: string) => void
  /** Compiles all modules to `out/`; an error of types is an exception that holds them. */
  readonly compile: (options: CompilerOptions) => void
  /** Runs a compiled module to its end and gives what it printed; a status other than 0 is an exception. */
  readonly run: (name: string, environment: Readonly<Record<string, string>>) => string
  readonly remove: () => void
}

/** npm tells what it runs where it was started itself: in another project that would be wrong. */
const environment = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_.*prefix$/.test(name)))

const execute = (directory: string, command: string, ...args: ReadonlyArray<string>): string => {
  try {
    return execFileSync(command, args, {
      cwd: directory,
      env: environment(),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"]
    })
  } catch (cause) {
    const { stderr, stdout } = cause instanceof Error && "stdout" in cause && "stderr" in cause
      ? cause
      : { stdout: "", stderr: String(cause) }
    throw new Error(`${command} ${args.join(" ")} failed:\n${String(stdout)}${String(stderr)}`, { cause })
  }
}

/** Packs the library as it would be published and installs it. Takes some seconds, and packages that npm has not yet. */
export const emptyProject = (): EmptyProject => {
  // Not below the repository, where Node would find the packages of that.
  const directory = Fs.mkdtempSync(join(tmpdir(), "clincus-package-"))
  const packed = Schema.decodeUnknownSync(Packed)(
    execute(".", "npm", "pack", "--json", "--loglevel=error", "--pack-destination", directory)
  )[0]
  const tarball = join(directory, packed.filename)
  Fs.writeFileSync(join(directory, "package.json"), "{ \"private\": true, \"type\": \"module\" }\n")
  execute(
    directory,
    "npm",
    "install",
    "--prefer-offline",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    tarball,
    ...companions.map((name) => `${name}@${manifest.devDependencies[name]}`)
  )

  return {
    directory,
    packed: packed.files.map(({ path }) => path),
    tarball,
    write: (name, text) => {
      const file = join(directory, "src", name)
      Fs.mkdirSync(dirname(file), { recursive: true })
      Fs.writeFileSync(file, text)
    },
    compile: ({ moduleResolution = "nodenext", skipLibCheck }) => {
      Fs.writeFileSync(
        join(directory, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            skipLibCheck,
            target: "es2022",
            module: moduleResolution === "bundler" ? "esnext" : "nodenext",
            moduleResolution,
            rootDir: "src",
            outDir: "out"
          },
          include: ["src"]
        })
      )
      execute(directory, process.execPath, resolve("node_modules/typescript/bin/tsc"), "-p", ".")
    },
    run: (name, variables) =>
      execFileSync(process.execPath, [join(directory, "out", name)], {
        cwd: directory,
        env: variables,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
        timeout: 100_000
      }),
    remove: () => Fs.rmSync(directory, { recursive: true, force: true })
  }
}
