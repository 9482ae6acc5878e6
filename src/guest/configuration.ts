import { attachStatus } from "./attach.ts"

/** Options of the tmux server; see tmux(1). Suspending the client would leave a terminal that nobody can wake. */
export const configuration = `
set -g default-terminal "tmux-256color"
set -as terminal-features ",*:RGB:clipboard:ccolour:cstyle:focus:title"
set -s escape-time 0
set -s extended-keys on
set -s set-clipboard on
set -s exit-empty on
set -g history-limit 50000
set -g mouse on
set -g focus-events on
set -g allow-passthrough off
set -g window-size latest
set -g update-environment ""
set -g set-titles on
set -g set-titles-string "#{host} #{pane_title}"
set -g status-interval 0
set -g status-style "fg=colour250,bg=colour236"
set -g status-left " #{host} "
set -g status-left-length 40
set -g status-right " C-b d detaches "
set -g status-right-length 60
set -g window-status-format ""
set -g window-status-current-format ""
bind-key d detach-client -E "exit ${attachStatus.detached}"
unbind-key $
unbind-key C-z
`
