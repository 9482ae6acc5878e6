/** A word that a POSIX shell reads back as it is, in single quotes. */
export const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** The same for people to read: in quotes only if it needs them. */
export const shellWord = (word: string): string => /^[\w@%+=:,./-]+$/.test(word) ? word : quote(word)

/** A command line that a shell reads back as these words. */
export const shellLine = (argv: ReadonlyArray<string>): string => argv.map(shellWord).join(" ")
