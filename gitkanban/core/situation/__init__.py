"""What people see of a board: made once here, worded once, and shown by every face.

account  The situation of a board: its groups of cards in their order, a card's one line, root causes
answers  The verbs by which a person can move a card on, for every face that offers them
figures  What a situation counts beside the board: costs, and how much work in review changes
moment   What only the moment can say: who sits where, ages, whether ticks come. Imports nothing
rows     What a card's row holds, in order, and the words for groups and states. Imports nothing
"""
