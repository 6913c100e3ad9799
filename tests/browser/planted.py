"""A real repository with hostile texts wherever a board,
its work and its sessions can have them.
"""

import json
from pathlib import Path

from gitkanban.board import init
from gitkanban.board.repo.placefinder import find
from gitkanban.core.ids import fault, is_label
from gitkanban.runs.records import folders
from tests.conftest import git
from tests.views.page.contents import HOSTILE

REPOSITORY = "<img src=x onerror=window.owned=1>"
BRANCH = "x</script><script>window.owned=1</script>"
# What UTF-8 can write and a YAML text can have.
TEXTS = tuple(text for text in HOSTILE if text.isprintable() or text[0] in "\u202e\u2066")
# Commands are never run here: what is shown of them is shown before anything is trusted.
_CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w: {command: [sh, -c, %(text)s], profile: p, setup: [%(text)s], mode: pool, max_concurrency: 3}
  capacities: {x: 9}
  commit_suffix: %(text)s
"""
_CARD = """\
id: {name}
title: {text}
worker: w
status: {status}
{more}needs: {{{key}: 1}}
labels: [{label}]
acceptance: [{text}]
body: {text}
"""
_RUN = """\
run: {run}
slot: w#1
worker: w
started: 2026-11-24T10:00:00Z
ended: 2026-11-24T10:01:00Z
host: {text}
clone: {text}
outcome: {text}
cost_usd: {text}
salvage: {text}
commit: {text}
why: {text}
summary: {text}
"""
_NOTE = "---\nby: {text}\nkind: note\nat: 2026-11-24T10:02:00Z\n---\n\n{plain}\n"


def plant_hostile_board(parent: Path) -> Path:
    """Make the repository below `parent`; return its folder.

    Card `C<n>` is blocked and has the text number n of TEXTS in every field that takes it; `V` is
    in review, its work has files of those names and contents.
    """
    repo = parent / REPOSITORY
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    git(repo, "commit", "-q", "--allow-empty", "-m", "start")
    files = {}
    for number, text in enumerate(TEXTS):
        reason = "needs-input" if number % 2 else "failed"
        files |= _files_of(
            f"C{number}", "blocked", text, f"reason: {reason}\nwhy: {_quoted(text)}\n"
        )
    files |= _files_of("V", "review", TEXTS[0], "")
    files["cards/BAD.yaml"] = (
        f"id: BAD\nlabels: [{_quoted(TEXTS[0])}]\n"  # told with the text in it
    )
    files["paused/w.yaml"] = f"why: {_quoted(TEXTS[1])}\nby: {_quoted(TEXTS[2])}\n"
    config = _CONFIG % {"text": _quoted(TEXTS[0])}
    init.create(str(repo), branch=BRANCH, config=config, files=files)
    _commit_work(repo)
    _leave_logs(repo)
    return repo


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # YAML reads it too


def _run_of(name: str) -> str:
    return f"01jd00000000000000000{name.lower():0>5}"


def _files_of(name: str, status: str, text: str, more: str) -> dict[str, str]:
    quoted = _quoted(text)
    key = quoted if not fault(text) else "x"  # no hostile text can be the name of a capacity
    label = quoted if is_label(text) else "x"
    run = _run_of(name)
    return {
        f"cards/{name}.yaml": _CARD.format(
            name=name, status=status, text=quoted, more=more, key=key, label=label
        ),
        f"runs/{name}/{run}.yaml": _RUN.format(run=run, text=quoted),
        f"notes/{name}/{run}.md": _NOTE.format(text=quoted, plain=text),
    }


def _commit_work(repo: Path) -> None:
    """Commit the work of card V: a file named after each text, with that text in it."""
    git(repo, "switch", "-q", "-c", "card/V")
    for number, text in enumerate(TEXTS):
        name = f"{number} {text}".replace("/", "\N{DIVISION SLASH}")[:80]
        (repo / name).write_text(f"{text}\n", encoding="utf-8")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", f"work {TEXTS[0]}")
    git(repo, "switch", "-q", "main")


def _leave_logs(repo: Path) -> None:
    """Write what the sessions of all cards printed."""
    private = find(str(repo)).private
    for name in [f"C{number}" for number in range(len(TEXTS))] + ["V"]:
        folder = folders.of(private, _run_of(name))
        folder.write_spec({"card": name, "run": _run_of(name)})
        Path(folder.file("stdout.log")).write_text("\n".join(TEXTS), encoding="utf-8")
