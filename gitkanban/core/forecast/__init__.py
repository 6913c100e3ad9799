"""The future of a board by the real rules, and what it is worth.

assessment  What a simulated future is worth: how short it could be at best, who is idle, what to
            raise first
estimate    When a card could start, by how long its workers' sessions have taken so far
simulate    The future of a board on a virtual clock: when each card would start and end, by the
            real rules
usual       The future of a board at its usual pace: sessions take what their worker's last ones
            took
"""
