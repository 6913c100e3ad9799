"""Agents as data: their command lines, prompts, output and memory.

cost          What runs cost: parsed, added up by card, worker, profile or day, and put into words
events        Events in an agent's output, one JSON object a line, read without trusting them
instructions  A short text on the board for an agent that helps a person plan
memory        Proposals to an agent profile's memory, and the card that gathers them for its owner
memorymerge   Three-way merge of a memory file: as it was, as it is, and as proposed
presets       What is known of each agent's command line, as data
prompt        The prompt of a session: the card, what came before it, the rules, and how to report
readers       What a session reports in its output: one reader for each preset, which trusts nothing
sandboxes     The command line of a worker's `sandbox`, which contains its sessions
transcript    An agent's output for people: a line for each thing, whatever the format of the stream
"""
