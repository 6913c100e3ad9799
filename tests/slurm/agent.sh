#!/bin/sh
# A fake session; see site.py. While it lives it touches a file, by which a second one would see it.
top=$(dirname "$0")
me=$top/alive/$GITKANBAN_CARD.$GITKANBAN_RUN
say() { echo "$1 $GITKANBAN_CARD $GITKANBAN_RUN $(uname -n) $$" >>"$top/log"; }
rest() { # seconds, in tenths
  left=$1
  while [ "$left" -gt 0 ]; do : >"$me"; sleep 0.1; left=$((left - 1)); done
}
say begin
mkdir -p "$top/alive"
: >"$me"
others=$(find "$top/alive" -name "$GITKANBAN_CARD.*" ! -name "${me##*/}" -newermt '-1 second')
[ -z "$others" ] || say double
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
    rest:*) rest "${word#rest:}" ;;
    exit:*) say end; rm -f "$me"; exit "${word#exit:}" ;;
    dirty) echo "$GITKANBAN_RUN" >>"$GITKANBAN_CARD.txt" ;;
    hang) rest 6000 ;;
    deaf) trap '' TERM; rest 6000 ;;
    die:*) say end; rm -f "$me"; kill "-${word#die:}" $$ ;;
    remember:*) echo new >"$AGENT_HOME/memories/${word#remember:}" ;;
    gk:*) "$top/gk" $(echo "${word#gk:}" | tr , ' ') ;;
    daemon) setsid sleep 611 & ;;
    say:*) echo "${word#say:}" ;;
    wait:*) while [ ! -e "$top/${word#wait:}" ]; do rest 1; done ;;
    eat) exec tail /dev/zero ;;
  esac
done
say end
rm -f "$me"
