import * as HelpDoc from "@effect/cli/HelpDoc"

/** Beside its summary, what a command's help says. */
export interface Help {
  /** Paragraphs below the summary. */
  readonly details?: ReadonlyArray<string>
  /** Command lines and what each one does. */
  readonly examples?: ReadonlyArray<readonly [line: string, what: string]>
  /** The heading below which the program's help lists the command; "Other commands", the last one, without. */
  readonly group?: string
}

/**
 * The description of a command, for `Command.withDescription`: one sentence that is also its line in the list of
 * commands, then details and examples. It is an ordinary HelpDoc (heading = group, list = examples), so that nothing
 * has to be kept beside the command.
 */
export const describe = (summary: string, help: Help = {}): HelpDoc.HelpDoc => {
  const [first, ...rest] = (help.examples ?? []).map(([line, what]) =>
    [HelpDoc.getSpan(HelpDoc.p(line)), HelpDoc.p(what)] satisfies [unknown, unknown]
  )
  return HelpDoc.blocks([
    ...(help.group === undefined ? [] : [HelpDoc.h1(help.group)]),
    HelpDoc.p(summary),
    ...(help.details ?? []).map((paragraph) => HelpDoc.p(paragraph)),
    ...(first === undefined ? [] : [HelpDoc.descriptionList([first, ...rest])])
  ])
}
