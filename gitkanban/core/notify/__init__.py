"""What people are told without looking: news of a board, each once, several together.

digest  Several pieces of news as one message: a title, a text, and what a program reads
ledger  Which news was told, and which waits to be: what is new at a look, and when it may go out
news    What of a situation is news, in words, with the command that answers it, and whose it is to
        tell
"""
