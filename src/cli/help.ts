import type { CommandSpec } from "./tree.ts"
export const renderHelp = (command: CommandSpec, _: { columns: number; colours: boolean }): string =>
  command.path.join(" ")
