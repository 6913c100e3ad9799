"""A broken variant: jobs take no guard, and a tick that gives one up does not either."""

from gitkanban.runs import briefing
from gitkanban.runs.supervision import guard

_whole_spec = briefing.whole_spec
briefing.whole_spec = lambda *args: {**_whole_spec(*args), "guard": []}
guard.bury = lambda folder: True
