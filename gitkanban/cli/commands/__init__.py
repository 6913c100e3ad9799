"""One file a verb: arguments in, text out.

accept        `gitkanban accept`: merge the work of cards in review into base, one card after the
              other
add           `gitkanban add`: one card from the command line, or several from a YAML list
attach        `gitkanban attach`: a person takes a card over, in its worktree
block         `gitkanban block`: a person holds a card; a session asks for a person
board         `gitkanban board`: the cards in columns, by who must move next
check         `gitkanban check`: the findings of a review, of a board or of what a change adds
completion    `gitkanban completion`: teach bash, zsh and fish the commands, the cards and all
              other names
cost          `gitkanban cost`: what sessions cost, as far as their agents report it
demo          `gitkanban demo`: the example board, worked to its end in a throw-away repository
diff          `gitkanban diff`: a change of the board in the board's own words
doctor        `gitkanban doctor`: find what is wrong around the board, and repair what cannot lose
              work
done          `gitkanban done`: a person closes a card; a session reports that it has finished
edit          `gitkanban edit`: fields of a card by options, or its whole file in an editor
fmt           `gitkanban fmt`: cards in the canonical layout, on the board or as files
gc            `gitkanban gc`: remove what finished work leaves behind, and archive old done cards
init          `gitkanban init`: a board in this repository, in its tree or on a branch of its own
install       `gitkanban install`: a merge driver for cards in this clone, and instructions for
              agents
instructions  `gitkanban instructions`: what an agent must know to plan with this board
link          `gitkanban link` and `unlink`: what a card waits for
list          `gitkanban list`: cards, filtered, one per line
log           `gitkanban log`: the history of the board, or of one card, from its commits
logs          `gitkanban logs`: what the session of a card printed, and what its setup and verify
              did
memory        `gitkanban memory`: list proposals to a profile's memory, and accept or reject them
mergefile     `gitkanban merge-file`: git's merge driver for cards. Git calls it; people install it
moves         `approve`, `retry`, `drop` and `reopen`: moves that people make on one or several
              cards
note          `gitkanban note`: a note on a card, by a person or by its session
open          `gitkanban open`: a card's worktree in the person's editor, or in any command
page          `gitkanban page`: the board as one HTML file for a browser, complete in itself
path          `gitkanban path`: where a card's worktree lies
notify        `gitkanban notify`: what the notifier has sent, what waits, and a test of it
pause         `pause` and `resume`: nothing new starts for a worker; running sessions go on
reclaim       `gitkanban reclaim`: a person gives up on a run of another clone, which tick never
              does by itself
reject        `gitkanban reject`: send a card in review back, with a reason for the next attempt
rename        `gitkanban rename`: change the id of a card, everywhere it is named
review        `gitkanban review`: the cards in review one by one, on a terminal
schema        `gitkanban schema`: the JSON schema of a file of the board, for editors and other
              programs
search        `gitkanban search`: find cards by any text: fields, notes, results, logs on this
              machine
show          `gitkanban show`: one card with its runs, its notes, and what holds it back
simulate      `gitkanban simulate`: the board's future by the real scheduler, on a virtual clock
status        `gitkanban status`: the board at a glance. The quick door answers if the cache is warm
stop          `gitkanban stop`: end a running session; its card becomes blocked until a person acts
sync          `gitkanban sync`: merge the board with a remote's
tick          `gitkanban tick`: one pass over the board, for cron, hooks and people
trust         `gitkanban trust`: show what tick would run on this machine, and allow it
ui            `gitkanban ui`: the board live on the whole terminal, with keys for what people decide
undo          `gitkanban undo`: undo a board commit field by field, with a new commit
web           `gitkanban web`: the board as a page on this machine's own address, live
why           `gitkanban why`: the first thing that holds a card back, and what would free it
workers       `gitkanban workers`: who works on this board, and how much at once; `add` and `set`
              edit that
"""
