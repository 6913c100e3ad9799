# Completion of `git kanban` for fish, which before 4.0 does not look for that of git's own programs.
# Written by `gitkanban completion install`; taken away by `gitkanban completion uninstall`.
complete -c git -f -k -n '__fish_git_using_command kanban' -a '(__fish_git_complete_custom_command kanban)'
