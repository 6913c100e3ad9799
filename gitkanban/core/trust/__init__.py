"""What this machine's owner must have allowed, and what changed behind their back.

tampering  Unexpected changes around a repository during runs
trusted    Which keys of `config.yaml` this machine's owner must have allowed, and what waits until
           then
withheld   What a board wants from this machine without its owner's permission, and what waits for
           it
"""
