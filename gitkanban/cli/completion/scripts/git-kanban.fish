# Completion of git-kanban, and so of `git kanban`, for fish.
# Written by `gitkanban completion install`; taken away by `gitkanban completion uninstall`.
source (status dirname)/gitkanban.fish
