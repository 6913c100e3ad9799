"""Agents as data: their command lines, prompts, output and memory.

cost          What runs cost: amounts read, added up by card, worker, profile or day, and put into
              words
events        Events that an agent printed, one JSON object a line, and values in them, as nobody
              vouches for them
instructions  What an agent that plans with a person must know to use the board: short text, from
              values
memory        Proposals to an agent profile's memory, and the card that gathers them for its owner
memorymerge   A memory file merged three ways: as it was, as it is, and as a proposal has it
presets       What is known of each agent's command line, as data
prompt        The prompt of a session: the card, what came before it, the rules, and how to report
readers       What an agent printed, read: one reader for each preset, over text that nobody
              vouches for
sandboxes     What stands before a session to contain it: a worker's `sandbox`, as a command line
transcript    What an agent printed, for people: one line a thing, whatever the format of its stream
"""
