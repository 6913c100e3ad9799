"""An agent profile's memory: copied for a session, proposed, applied by a person.

applying       Proposals written into the real memory: merged with it as it is, all of one or
               nothing of it
consolidation  The proposals that wait here, from runs and from notes, and the card that gathers
               them
homes          The memory that a session gets: the real one, or a private home whose memory paths
               are copies
proposals      Proposals to a profile's memory as folders: stored, listed, applied once, or put
               aside
proposing      What an ended run changed in its copy of a memory, stored as a proposal
"""
