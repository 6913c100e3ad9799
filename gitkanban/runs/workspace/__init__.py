"""The folder that a session works in, hostile ground after it has ended.

adding           Adds a worktree in git's own layout, whole or not at all
cleanliness      Whether a worktree holds anything that is nowhere else, in its files or in a
                 repository inside it
gathering        Adds everything in a folder to the index of a view, and reports what could not be
                 added
ghosts           Worktrees that git still has registered while their folders are gone: salvaged,
                 then dropped
git_locks        Git's lock files, and who may still own them, as facts for `core.care.leftovers`
ground           The folder of a worktree as its session left it, compared with what was made
including        What `.worktreeinclude` names, put into a card's worktree: a step of its
                 supervisor, before setup
nested           The git repositories inside a worktree, and what of them is nowhere else
removal          The end of a card's worktree: removed whole if nothing is lost with it, else kept
                 whole
salvage          Refs that keep what would otherwise be lost: `refs/gitkanban/salvage/<run>`
setupfiles       What a worker's setup left in a worktree: files that are nobody's work as long as
                 nobody changes them
unfinished       What a killed git leaves in a worktree: stale lock files and operations that never
                 ended
unreadable       Worktrees of ours that git cannot read: the power went while they were made, or
                 soon after
workspace_git    The only way in which git looks into a folder that a session has had
workspaces       The directory a run works in: made, or continued
worktree_places  Where the worktrees of cards may lie: not where git, a shell, or another repository
                 would use them
worktrees        The worktrees of cards by git's directory: where they are, which are ours, and for
                 which run they are locked
"""
