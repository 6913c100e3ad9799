#compdef git-kanban
#description a kanban board on which coding agents work
# Called by zsh's completion of git, for `git kanban`.
# Written by `gitkanban completion install`; taken away by `gitkanban completion uninstall`.
_gitkanban "$@"
