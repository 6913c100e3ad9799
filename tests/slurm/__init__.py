"""A Slurm cluster on one machine, and gitkanban on it.

`rig`: the cluster itself, its nodes as name spaces that share files through FUSE.
"""
