"""News of a board that people get without asking: each piece once, several in a message.

digest  Several pieces of news as one message: a title, a text, and data for a program
ledger  Which news was sent and which is pending: what is new, and when it may go out
news    What is news in a situation, with the command that answers it and the clone that sends it
"""
