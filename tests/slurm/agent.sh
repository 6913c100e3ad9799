#!/bin/sh
# A fake session; see site.py.
top=$(dirname "$0")
say() { echo "$1 $GITKANBAN_CARD $GITKANBAN_RUN $(uname -n) $$" >>"$top/log"; }
say begin
tries=$(grep -c "^begin $GITKANBAN_CARD " "$top/log")
line=commit
if [ -f "$top/words/$GITKANBAN_CARD" ]; then
  line=$(sed -n "${tries}p" "$top/words/$GITKANBAN_CARD")
  [ -n "$line" ] || line=$(tail -n 1 "$top/words/$GITKANBAN_CARD")
fi
for word in $line; do
  case $word in
    commit)
      echo "$GITKANBAN_RUN" >>"$GITKANBAN_CARD.txt"
      git add -A && git commit -qm "$GITKANBAN_CARD: work" || exit 9
      ;;
    sleep:*) sleep "${word#sleep:}" ;;
    exit:*) say end; exit "${word#exit:}" ;;
    hang) sleep 600 ;;
    deaf) trap '' TERM INT HUP; while :; do sleep 1; done ;;
    daemon) setsid sleep 611 & ;;
    say:*) echo "${word#say:}" ;;
    wait:*) while [ ! -e "$top/${word#wait:}" ]; do sleep 0.1; done ;;
    eat) exec python3 -c "b = bytearray(900 << 20); import time; time.sleep(60)" ;;
  esac
done
say end
