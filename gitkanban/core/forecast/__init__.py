"""The future of a board, simulated by the real rules, and how good it is.

assessment  How good a simulated future is: how short it could be, who is idle, what to raise first
estimate    When a card could start, judging by how long sessions have taken so far
simulate    The future of a board on a virtual clock: when each card would start and end, by the
            real rules
usual       The future of a board at its usual pace, with sessions as long as each worker's recent
            ones
"""
