"""What a clone records of its runs: folders, lease tokens, when it ticked.

again        The mark that sends a tick at work into another pass, and the check for such a tick
agent_state  What this clone's runs have learned of its agents, kept in its private folder
folders      The private folder of a run: its spec, logs, requests and records, as files written
             atomically
job_records  What a run folder says of the run's job: when it was submitted, its last word
last_tick    What a tick leaves for the next one: since when cards are ready, who was served, what
             was refused
listings     What is in run folders: listed once, and again only when a folder has changed
logtail      The end of a log that may be as large as it likes, and what is added to it later
machines     Which machine this is, and which one ticks a clone: recorded in its private folder
news_ledger  Which news a clone has sent, which still waits, and how the last try went
printed      The board's commit as of the last tick that printed to nobody's terminal: from cron
reached      What a clone remembers of its remotes: when each last answered,
             and what it does not take
sightings    What executors said of their runs at the last tick, for those who do not ask them
slots        Lease tokens: `.kanban/slots/<profile>/<n>.lock`, readable YAML that says who sits in a
             slot
supervised   Whether a run is alive, by the kernel locks that its supervisor holds
ticked       When a tick last looked at the board of this clone, and whether the clock was set since
             then
tokens       Who sits in which slot by the lease tokens, read as fast as possible
"""
