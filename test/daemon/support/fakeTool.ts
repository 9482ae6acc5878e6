/**
 * A tool that does what it is told: every line that is typed is run by bash, `exit 3` ends it with status 3. What it was
 * started with and what was said is kept in its state directory, as a tool keeps its conversations. Ctrl-C does not end it,
 * whenever it comes.
 */
export const fakeTool = `#!/bin/bash
trap : INT
[ "$1" = resume ] && cat ~/.fake/conversation
printf 'fake %s ready\\n' "$1"
while IFS= read -e -r -p 'fake> ' line; do
  printf 'said %s\\n' "$line" >> ~/.fake/conversation
  eval "$line"
done
`
