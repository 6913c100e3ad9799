"""What a reviewer of a board, or of a change to it, should know.

changerules   What in a change to a board people should not do, or reviewers should know
configrules   What is wrong with a readable config: needs that are never met, unused caps, reserves
diff          The difference between two boards in the board's own words, as one value
linecomments  Comments written into a diff: which belong to which line of which file
rules         What is wrong with a board's cards, as findings, and the table of all rules
settingrules  Changes of the keys of `config.yaml` that are compared by value, each reported once
worddiff      A change of prose word by word
"""
