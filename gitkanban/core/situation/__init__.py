"""What people see of a board: computed once, worded once, shown everywhere.

account  The situation of a board: groups of cards in order, one line for each card
answers  The verbs with which a person can move a card on
causes   Root causes: what holds cards back that is a worker's, a profile's or the board's
figures  Figures from outside the board: costs, and how much work in review changes
moment   What depends on the current time: ages, late ticks. Imports nothing heavy
rows     The fields of a card's row, in order, and the names of groups and states. Imports nothing
"""
