#!/bin/sh
# Stands in for a coding agent: edits files in its worktree, commits as it goes, says what it did.
set -eu
work() { # work FILE TEXT: write a line and commit it
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$2" >>"$1"
    git add "$1"
    git commit --quiet --message "$GITKANBAN_CARD: $1"
    sleep 1
}
case "$1" in
T0)
    work docs/recall.md '# Recall: within 120 seconds; after that error 410 GONE'
    echo 'The contract is in docs/recall.md: 120 seconds, then 410.'
    ;;
T1)
    work src/recall.sh 'recall() { [ "$1" -le 120 ] || return 1; }'
    work src/recall.sh 'recall "${1:-0}"'
    echo 'recall is in src/recall.sh and follows the contract.'
    ;;
T2)
    work src/recall.html '<button data-seconds="120">Recall</button>'
    work src/recall.html '<output>recalled</output>'
    echo 'The button is in src/recall.html.'
    ;;
T3)
    work tests/recall.sh 'grep -q 120 docs/recall.md'
    work tests/recall.sh 'grep -q 410 docs/recall.md'
    work tests/recall.sh 'echo ok'
    echo 'tests/recall.sh checks the contract.'
    ;;
T4)
    sh tests/recall.sh
    work docs/review.md "Reviewed together: $(ls src tests | tr '\n' ' ')"
    echo 'All three fit together.'
    ;;
*)
    echo "nothing is known of card $1" >&2
    exit 1
    ;;
esac
