"""A broken variant: Slurm's word that a node is lost is taken for the death of what ran there."""

from gitkanban.core import engines

engines.node_answers = lambda engine, text: True

from gitkanban.core.tick import jobs  # noqa: E402

jobs._beats_lately = lambda traces: False
