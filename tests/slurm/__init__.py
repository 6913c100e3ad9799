"""A Slurm cluster on one machine, and gitkanban on it.

`rig`: the cluster itself, its nodes as name spaces that share files through FUSE. `site`: a board
on it, with fake sessions. `rows`: rows of the table of ends that take Slurm its time, and controls
that are broken on purpose (`controls`). `rows_ends`: every end of a session, here and as a job.
`rows_site`: what a site and its people do to jobs, wrong options, clocks, shares, disks. `soak`:
trouble by seed. The last two are no part of the suite: `python -m tests.slurm`.
"""
