"""The small process that holds a run's locks. Standard library alone, and the ground floor.

activity    Whether a step of a run is still doing something: output, a transcript, a change in its
            workspace
bell        The bell: by it a supervisor tells the tick that stands by that its run has ended
boundedlog  Logs that a session writes directly and that stay bounded: head and tail kept, the
            middle cut
guard       The guard of a run that a batch system starts: a file that makes it begin at most once
kernel      Linux process attributes that Python does not offer: subreaper, parent-death signal,
            dumpable
locks       Kernel locks by name: taken, probed from outside, handed over by descriptor
processes   Processes of a run: who descends from whom, who survived, and how they are ended
spec        A run's spec: NUL-separated `key=value` pairs, a key repeated for each item of a list
supervisor  The small process that holds a run's locks, runs its steps one after the other, and ends
            them
"""
