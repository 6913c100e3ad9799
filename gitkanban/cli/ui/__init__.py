"""The screen of `gitkanban ui`: live, for people; it decides nothing and writes nothing.

It shows what `status` shows, and acts by the verbs of the command line. Only this package imports
textual, and only when the screen is opened.

acts        What can be done from the screen: one table of keys, what each asks for,
            where it applies
app         The screen as a whole: what is shown when, and which key does what
asking      The line in which a person answers: words for a verb, a filter, a new card's title
bar         A bar of a few lines of text: the head, a message, the keys
cardpane    The pane of one card: a head, and one of its pages: card, work, log, prompt
doing       What keys do to cards: verbs with their words, the editor, a shell, a conversation,
            a copy
hangup      Ends the screen when its terminal is lost
header      The lines above the list: which board it is, its slots, and what is wrong with it
keybar      The last lines of the screen: the keys that apply, to be pressed or clicked
lines       A pane of lines: text of views, in our own few colours, scrolled line by line
listing     The list of cards: groups in the same order as in `status`, one card selected
logtail     The end of a run's logs, and what is added to them
messages    The lines between the board and the keys: what is at work, what was done,
            what went wrong
pageloader  Loads the open page of the selected card into its pane, once; late answers are dropped
reading     Reads boards and cards for the screen, one after the other, in a thread of its own
verbs       Runs verbs of the command line for the screen, each in a process of its own
watching    Whether a board may have changed, by the stat of its files
"""
