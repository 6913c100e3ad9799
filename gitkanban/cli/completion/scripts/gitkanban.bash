# Completion of gitkanban and `git kanban` for bash.
# Written by `gitkanban completion install`; taken away by `gitkanban completion uninstall`.

# $1: the line up to the cursor. Fills COMPREPLY; says nothing whatever happens.
__gitkanban_complete() {
    local what="" line lists=0
    COMPREPLY=()
    case "${COMP_TYPE:-9}" in 33 | 63 | 64) lists=1 ;; esac # candidates are about to be listed
    while IFS= read -r line; do
        if [ -z "$what" ]; then what=$line; else COMPREPLY+=("$line"); fi
    done < <(@PROGRAM@ __complete bash "$1" "$COMP_WORDBREAKS" "$lists" "${COLUMNS:-80}" 2>/dev/null </dev/null)
    case $what in
        files) compopt -o default 2>/dev/null ;;
        dirs) compopt -o dirnames 2>/dev/null ;;
        nospace) compopt -o nospace 2>/dev/null ;;
    esac
    compopt -o nosort 2>/dev/null # not in bash 4.3 and before
    return 0
}

_gitkanban() {
    __gitkanban_complete "${COMP_LINE:0:COMP_POINT}"
}

# Called by git's own completion, which has `words`, `cword`, `cur` and the place of the verb ready.
_git_kanban() {
    local at=${__git_cmd_idx:-1} line=kanban index
    for ((index = at + 1; index < cword; index++)); do line+=" ${words[index]}"; done
    compopt +o bashdefault +o default +o nospace 2>/dev/null
    __gitkanban_complete "$line $cur"
}

complete -F _gitkanban gitkanban git-kanban
