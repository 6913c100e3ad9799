"""What this machine's owner must have allowed, and what changed behind their back.

tampering  What changed around a repository during runs that nobody had reason to change. Pure
trusted    Which keys of `config.yaml` this machine's owner must have allowed, and what waits until
           then
withheld   What a board asks of this machine and its owner has not allowed, and what waits for that
"""
