/** A shell line that writes a file; no line of its text may be `END`. */
export const heredoc = (path: string, content: string): string =>
  `cat > ${path} <<'END'\n${content.trimEnd()}\nEND`
