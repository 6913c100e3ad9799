"""Several hosts on one machine: each is a set of name spaces with a clone, the remote is another.

| file | what it does |
|---|---|
| `variants` | the program broken on purpose |
| `kernel.py` | the few system calls that Python does not have |
| `init.py` | pid 1 of a host: a program of its own, run in new name spaces |
| `clock.c` | another time of day for all programs of a host |
| `wire.py` | the wire between a host and the remote: it passes packets on, late or never |
| `spaces.py` | a set of name spaces, and commands in it |
| `remote.py` | the `git daemon`, its hooks, and the record of what it was asked for and took |
| `session.py` | what runs as a session, and keeps a log of its own |
| `world.py` | the remote and its hosts: powered on and off, ticked by turns |
| `judge.py` | what does not hold, from the sessions' log and git's objects alone |
| `scenarios.py` | the stories, as data |
| `chaos.py` | stories by seed |
| `play.py` | plays one of them |

Nothing of it touches the machine's own network: addresses exist in the name spaces alone. All that
runs dies with the process that began it, and name spaces go with their last process.
"""
