"""Git: repositories, refs, merges, remotes. No cards.

answers        What git has answered about a repository, cached while the files that it goes by stay
               as they are
base           Which branch may be base: `setup` and `verify` run its code, so the board must not
               decide it
blobs          The content of objects by id or name, if they are small enough to belong to a board
cachefile      Cache files in the form that loads fastest, `marshal`: read only if they are ours and
               undamaged
checkouts      The checkouts of a repository, main and linked, and the branch that each is on
child          A command as a child process with pipes,
               started without `subprocess` where that can be
clone          Which clone this is, and which machine
commits        Questions to git about commits; nothing is changed
company        Who else commits to a repository, as far as its history and its remotes show
fingerprint    A fingerprint of what sessions share with everybody: hooks, configuration, trust,
               refs
git            The one place that runs git's own command
gitdir         Where the git directory of a repository is, found by looking alone; no git is run
index_file     Entries of an index looked up by hand, so that a change of one card starts no git to
               see them
limited        Running a command that must end: within a time limit, and, if asked, with regular
               output
mainfinder     Where the main checkout of a repository is, whatever its git directory is called
merging        Two commits merged as git merges them, in no checkout of anybody: by `git merge-
               tree`
new_objects    Blobs, trees and commits, put together here and handed to git as one pack, whose
               files git writes
object_reader  The content of objects by id: of a loose one from its file, of any other by one `git
               cat-file`
objects        The one place that opens a repository with libgit2; its errors become sentences of
               ours
operations     What git leaves in a checkout's git directory while an operation is unfinished: the
               one table
place          Where a board is: its branch and path, and the folders of the repository around it
placefinder    Which board a command means: found the same way from every folder of a repository
placewriter    What finding or making a board writes outside of it: checkout, configuration,
               excludes
ref_files      The packed refs of a repository, read from its file
refs           The board's branch moved by compare-and-swap, through git's own reference
               transactions
remote_names   Which remotes a name may stand for: those that this clone's owner has configured, and
               no others
remotes        Talks with a remote: fetch and push of named refs, and whether the remote can be
               reached
scratch        Short-lived folders in git's directories; the next one removes what a killed process
               left
settings       Git's configuration of a repository, and who commits in it: asked of git once, and
               then cached
signing        Commits signed as git's configuration and the board's `sign` say; what happens where
               that fails
standstill     Why nothing may be committed to the board now: somebody is in the middle of something
turn           A kernel lock by which processes of this clone take turns at the board
"""
