#compdef gitkanban git-kanban
# Completion of gitkanban and `git kanban` for zsh.
# Written by `gitkanban completion install`; taken away by `gitkanban completion uninstall`.

_gitkanban() {
    local what
    local -a lines
    lines=("${(@f)$(@PROGRAM@ __complete zsh "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null </dev/null)}")
    what=$lines[1]
    shift lines
    case $what in
        files) _files ;;
        dirs) _files -/ ;;
        nospace) _describe -V gitkanban lines -S '' ;;
        words) _describe -V gitkanban lines ;;
        *) return 1 ;;
    esac
}

if [[ ${funcstack[1]} == _gitkanban ]]; then
    _gitkanban "$@" # loaded by compinit, for a first completion
elif (( $+functions[compdef] )); then
    compdef _gitkanban gitkanban git-kanban
fi
