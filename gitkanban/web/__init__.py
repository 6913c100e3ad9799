"""The board as a live page on this machine's own address: `gitkanban web`.

It shows what `page` shows, and acts by the verbs of the command line alone, each in a process of
its own. Only this package imports uvicorn, and only when it is called.

acts       What a page may ask to be done, as a command line of ours: a function of values
admission  Whether a request may be answered at all, and by what: a function of values
answering  Answers the requests that were admitted: the shell, the stream, the acts
doing      Does acts by the verbs of the command line: each once, one at a time for a card
handover   Hands calls from other threads to the thread of the event loop
headers    The headers of every answer: nothing is stored, framed, or read by another origin
listening  The socket on loopback, and the server on it until ^C; slow and many clients are bounded
lastwords  What each running session did or said last, as its slot shows it
liveboard  The board as the page shows it, read again when it may have changed, for all who look
logfollow  The log of a card's latest run, entry by entry, and what is added
opening    Leads a browser to the page, without its token in any argument, environment or log
running    Puts it together: token, socket, board, and the end
"""
