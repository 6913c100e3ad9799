"""The clock of whoever ticks is an hour off; sessions and the cluster have the right one."""

from gitkanban import clock

_true_now = clock.now
clock.now = lambda: _true_now() + 3600
