"""What a reviewer of a board or of a change to it should know.

changerules   What a change to a board does that a person should not do, or that a reviewer should
              know of
configrules   What is wrong with a config that can be read: needs that are never met, caps for
              nobody, reserves
diff          The difference of two boards in the board's own words, as one value
linecomments  Words written into a diff: which of them stand under which line of which file
rules         What is wrong with a board's cards as they are, as findings, and the table of all
              rules
settingrules  What a change does to the keys of `config.yaml` that are compared by value, each
              named once
worddiff      A change of prose word by word
"""
