"""A day of one coordinator with a thousand sessions at a time, in minutes: its clock is not real.

day    The ticks of a day, and what they cost
queue  A batch system without processes, on the same clock
world  A repository with as many cards as are asked for, and its remote
"""
