import * as Command from "@effect/cli/Command"
import type * as Layer from "effect/Layer"
import { describe } from "../cli/describe.ts"
import type { Base } from "../cli/runner.ts"
import type { ConfigService } from "../config/ConfigService.ts"
import type { HealthService } from "../health/HealthService.ts"
import type { ImageService } from "../image/ImageService.ts"
import type { IncusService } from "../incus/IncusService.ts"
import type { HistoryStore } from "../session/HistoryStore.ts"
import type { Sessions } from "../session/Sessions.ts"
import type { SetupService } from "../setup/SetupService.ts"
import type { UserTerminal } from "../terminal/UserTerminal.ts"
import * as Attach from "./attach.ts"
import * as Build from "./build.ts"
import * as Clean from "./clean.ts"
import * as Completion from "./completion.ts"
import * as Config from "./config.ts"
import * as Diff from "./diff.ts"
import * as Explain from "./explain.ts"
import * as Health from "./health.ts"
import * as Images from "./images.ts"
import * as Info from "./info.ts"
import * as Kill from "./kill.ts"
import * as List from "./list.ts"
import * as Network from "./network.ts"
import * as Persist from "./persist.ts"
import * as Resume from "./resume.ts"
import * as Setup from "./setup.ts"
import * as Shell from "./shell.ts"
import * as Shutdown from "./shutdown.ts"
import * as Tmux from "./tmux.ts"
import * as Trust from "./trust.ts"
import * as Untrust from "./untrust.ts"
import * as Version from "./version.ts"

/**
 * What commands may ask for beside the runner's `Base`. Each service named here gets its layer in main.ts, which is
 * built when a command that was given it runs, and not for help, completion or a mistyped option.
 */
export type Services =
  | IncusService
  | Sessions
  | HistoryStore
  | ConfigService
  | HealthService
  | UserTerminal
  | SetupService
  | ImageService

/**
 * `clincus` and its subcommands. A command is a file of its own that exports `command`; a command that asks for services is
 * listed as `Shell.command.pipe(Command.provide(services))`.
 */
export const root = <E>(services: Layer.Layer<Services, E, Base>) => {
  const provided = <Name extends string, R, Failed, A>(command: Command.Command<Name, R, Failed, A>) =>
    Command.provide(command, services)
  return Command.make("clincus").pipe(
    Command.withDescription(
      describe("Put an AI coding tool to work on a directory, inside an Incus container of its own.")
    ),
    Command.withSubcommands([
      Shell.command.pipe(provided),
      Resume.command.pipe(provided),
      Attach.command.pipe(provided),
      List.command.pipe(provided),
      Info.command.pipe(provided),
      Diff.command.pipe(provided),
      Explain.command.pipe(provided),
      Tmux.command.pipe(provided),
      Network.command.pipe(provided),
      Persist.command.pipe(provided),
      Shutdown.command.pipe(provided),
      Kill.command.pipe(provided),
      Clean.command.pipe(provided),
      Setup.command.pipe(provided),
      Health.command.pipe(provided, Health.endAsHealth),
      Build.command.pipe(provided),
      Images.command.pipe(provided),
      Config.command.pipe(provided),
      Trust.command.pipe(provided),
      Untrust.command.pipe(provided),
      Completion.command,
      Completion.words,
      Version.command
    ])
  )
}
