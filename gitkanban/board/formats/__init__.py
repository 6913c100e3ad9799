"""Texts to values and back. No git.

cardfast      A card exactly in the layout of `fmt`, read by one pattern instead of a YAML parser
cardfile      `cards/<id>.yaml` to a card and back: parsing, the canonical layout, edits in place
cardkeys      Every field of a card's file as data, in the order of the file: its values and its
              meaning
cardlayout    `gitkanban fmt`: a card written by hand in the canonical layout, comments and words
              kept
cardparts     A card in the layout of `fmt`, taken apart without a pattern
configedit    Edits of `config.yaml` in place, one key at a time, comments and layout kept
configfile    `config.yaml` to a Config and every problem in it
configkeys    Every key of `config.yaml` as data: its path, its values, its default, what it does
configvalues  The value that one word stands for under a key of `config.yaml`
mergefile     Three-way merge of the text of a card, field by field, on top of
              `gitkanban.core.merge`
notefile      `notes/<card>/<id>.md` to a note and back: a front matter between `---` lines, then
              the text
pausefile     `paused/<worker>.yaml` to a pause and back. It does not know the workers
planfile      A plan, several new cards in one YAML file, to cards: a list, or a mapping with
              `cards:`
recordfile    Flat YAML mappings of text and numbers, the shape of run records, pauses and note
              headers
runfile       `runs/<card>/<run>.yaml` to the record of an ended run and back
yamledit      Edits a YAML document in place: the lines of the entries that are to change, no others
yamltext      Reads YAML into nodes that keep source text and positions, and writes scalars
"""
