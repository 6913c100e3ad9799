#!/bin/sh
# Decides whether a session's clean exit counts: every shell file must parse.
set -eu
for file in src/*.sh tests/*.sh; do
    [ ! -e "$file" ] || sh -n "$file"
done
