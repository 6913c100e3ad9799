# Completion of git-kanban, and so of `git kanban`, for bash.
# Written by `gitkanban completion install`; taken away by `gitkanban completion uninstall`.
. "${BASH_SOURCE[0]%/*}/gitkanban"
