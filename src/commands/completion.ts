import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { Completer } from "../cli/completer.ts"
import { describe } from "../cli/describe.ts"
import { escape } from "../cli/escape.ts"
import { Output } from "../cli/output.ts"
import { CommandLine } from "../cli/runner.ts"
import { complete } from "../cli/words.ts"

/*
 * Each script hands the words up to the cursor to `clincus __complete`, which answers with a line per candidate (word,
 * tab, description) or with `:directories` or `:files`, where the shell completes paths itself.
 */
const bash = String.raw`_clincus() {
  local cur='' word line
  local -a words=()
  # bash takes "=" for a word of its own: put option and value together again.
  for word in "${"$"}{COMP_WORDS[@]:1:COMP_CWORD}"; do
    if (( ${"$"}{#words[@]} > 0 )) && [[ $word == = || ${"$"}{words[-1]} == *= ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  if (( ${"$"}{#words[@]} > 0 )); then cur=${"$"}{words[-1]}; fi
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :directories) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "${"$"}{cur#--*=}") ;;
      :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "${"$"}{cur#--*=}") ;;
      *)
        word=${"$"}{line%%$'\t'*}
        if [[ $word == "$cur"* ]]; then
          if [[ $cur == --*=* ]]; then word=${"$"}{word#*=}; fi
          COMPREPLY+=("$word")
        fi
        ;;
    esac
  done < <(clincus __complete -- "${"$"}{words[@]}" 2>/dev/null)
}
complete -F _clincus clincus`

const zsh = String.raw`#compdef clincus
_clincus() {
  local line word
  local -a candidates
  for line in "${"$"}{(@f)$(clincus __complete -- "${"$"}{(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :directories) compset -P '--*='; _files -/; return ;;
      :files) compset -P '--*='; _files; return ;;
      '') ;;
      *)
        word=${"$"}{line%%$'\t'*}
        candidates+=("${"$"}{word//:/\\:}:${"$"}{line#*$'\t'}")
        ;;
    esac
  done
  _describe -o clincus candidates
}
if [ "$funcstack[1]" = _clincus ]; then _clincus "$@"; else compdef _clincus clincus; fi`

const fish = String.raw`function __clincus_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (clincus __complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':directories'
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- $current)
            case ':files'
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
            case '*'
                echo $line
        end
    end
end
complete -c clincus -f -a '(__clincus_complete)'`

export const command = Command.make(
  "completion",
  {
    script: Args.choice([["bash", bash], ["zsh", zsh], ["fish", fish]], { name: "SHELL" }).pipe(
      Args.withDescription("The shell that is to complete.")
    )
  },
  ({ script }) => Effect.flatMap(Output, (output) => output.data(script))
).pipe(
  Command.withDescription(
    describe("Print a script that makes the Tab key complete clincus's commands, options and containers.", {
      examples: [
        ["source <(clincus completion bash)", "For this bash; put the line into ~/.bashrc for every one."],
        ["clincus completion zsh > ~/.zfunc/_clincus", "For zsh, where ~/.zfunc is in fpath."],
        ["clincus completion fish > ~/.config/fish/completions/clincus.fish", "For fish."]
      ]
    })
  )
)

/** What the help calls values that are paths. */
const pathNames = { directories: ["WORKSPACE", "DIR"], files: [] }

/** How long a Tab key may wait for names from a busy daemon. */
const patience = "1500 millis"

/** The command that the scripts call. It prints nothing rather than fail: a Tab key has no room for messages. */
export const words = Command.make("__complete", {
  words: Args.text({ name: "WORD" }).pipe(Args.repeated)
}, ({ words }) =>
  Effect.gen(function*() {
    const output = yield* Output
    const { candidates, kind, paths, prefix = "" } = complete(yield* CommandLine, words, pathNames)
    const live = kind === undefined ? [] : yield* (yield* Completer)(kind).pipe(
      Effect.interruptible,
      Effect.timeout(patience),
      Effect.catchAllCause(() => Effect.succeed([]))
    )
    const lines = [
      ...candidates.map(({ description, word }) => `${word}\t${description}`),
      ...live.filter((name) => name === escape(name)).map((name) => `${prefix}${name}\t`),
      ...(paths === undefined ? [] : [`:${paths}`])
    ]
    if (lines.length > 0) yield* output.data(lines.join("\n"))
  })).pipe(Command.withDescription(describe("Print the words that may stand at the cursor.")))
