/** Variables that bash will not let anybody set, so that no tool started by it can get them. */
export const readOnlyVariables: ReadonlyArray<string> = [
  "BASHOPTS",
  "BASH_VERSINFO",
  "EUID",
  "PPID",
  "SHELLOPTS",
  "UID"
]

/** A name that a shell can give to a variable, and that is not one of the script's that starts the tool. */
export const isVariableName = (name: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !name.startsWith("_clincus_") && !readOnlyVariables.includes(name)
