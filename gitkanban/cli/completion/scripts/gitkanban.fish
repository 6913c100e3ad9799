# Completion of gitkanban for fish.
# Written by `gitkanban completion install`; taken away by `gitkanban completion uninstall`.

function __gitkanban_complete
    set -l lines (@PROGRAM@ __complete fish (commandline -cp | string collect) 2>/dev/null </dev/null)
    or return
    switch "$lines[1]"
        case files
            __fish_complete_path (commandline -ct)
        case dirs
            __fish_complete_directories (commandline -ct) ''
        case '*'
            printf '%s\n' $lines[2..]
    end
end

complete -c gitkanban -f -k -a '(__gitkanban_complete)'
complete -c git-kanban -f -k -a '(__gitkanban_complete)'
