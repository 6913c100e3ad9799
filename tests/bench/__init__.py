"""What commands cost, as ratios to what git and the interpreter cost in the same minute.

`python -m tests.bench` measures and prints the table of commands, and with `--write` keeps it as
docs/PERFORMANCE.md and docs/performance.json.

boards    Boards of any size, made by one `git fast-import`
goals     The table: what is measured, against what, and how much it may cost
measure   The measurements: every command in turn, again and again, so that ratios are of one minute
page      The table as a page that also says what bounds each figure
peers     The same acts with other tools, where they are installed
pool      What scheduling costs: makespan against the lower bound,
          a child's start after a parent's end
runs      What runs cost: a supervisor's memory and start-up, many idle ones, a tick over many
starts    What a tick that starts many sessions costs
support   What every measurement needs: a plain environment, repositories, commands and clocks
"""
