"""The private folder of a run: its spec, logs, requests and records, as files written atomically.

What the records mean is decided elsewhere. Nothing here looks at processes or locks.
"""

import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from gitkanban import files
from gitkanban.core.model import BLOCK_REASONS
from gitkanban.core.names import CardId, Oid, RunId
from gitkanban.core.tick.closing import Tries
from gitkanban.core.tick.facts import END_CAUSES, Exit, Report, StepEnd, Work
from gitkanban.late import json
from gitkanban.runs.records import listings
from gitkanban.runs.records.listings import Listing
from gitkanban.runs.supervision import spec
from gitkanban.runs.supervision.spec import Spec
from gitkanban.typed import Any

MAILBOX = "mailbox"  # letters of the session, and the only folder here that it may write
CLAIM = "claim"  # its start is being asked of a remote, and nothing else was done
SCRATCH = "tmp"  # the session's TMPDIR, removed with the folder
_TAIL = 64 << 10
_FACTS = 8 << 10  # bytes of a spec that contain its facts
_AFTER_FACTS = "env"  # the first key after them: commands and prompt come there
_RECORD = 4 << 10  # bytes of a small record that are read


def card_of(facts: Spec) -> CardId:
    """Return the card of a run, by its spec."""
    return CardId(facts.one("card"))


def run_of(facts: Spec) -> RunId:
    """Return the id of a run, by its spec."""
    return RunId(facts.one("run"))


class Folder:
    """`<private>/runs/<run>/`, which may not exist (yet, or any more).

    One from `unsettled` also has what was known of its content at that moment: what `shows`,
    `record` and `facts` say is as of then. `has_ended` is as of when it was first asked.
    """

    __slots__ = ("_ended", "_facts", "_listing", "path")

    def __init__(self, path: str, listing: Listing | None = None) -> None:
        self.path = path
        self._listing = listing
        # For as long as the listing counts:
        self._facts: Spec | None = None
        self._ended: bool | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folder) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"Folder({self.path!r})"

    @property
    def run(self) -> RunId:
        """The run's id."""
        return RunId(self.path.rpartition("/")[2])

    def file(self, name: str) -> str:
        """Return the path of one of its files."""
        return f"{self.path}/{name}"

    def has(self, name: str) -> bool:
        """Return whether it has that file."""
        return os.path.lexists(self.file(name))

    def shows(self, name: str) -> bool:
        """Return whether it has that file, by what is known of its content.

        Where others write the folder, that may be older than `has` says: nothing may be concluded
        from a record that is missing by it.
        """
        return self.has(name) if self._listing is None else name in self._listing.names

    def has_ended(self) -> bool:
        """Return whether it has a record of its end. The disk itself is asked, but only once."""
        if self._listing is None:
            return self.has("exit.json")
        if self._ended is None:
            self._ended = self.has("exit.json")
        return self._ended

    def record(self, name: str) -> str:
        """Return a small file that is only ever replaced whole; empty if there is none."""
        if not self.shows(name):
            return ""
        text: str | None = self.recall(name)
        if text is None:
            try:
                with open(self.file(name), "rb") as file:
                    text = file.read(_RECORD).decode("utf-8", "replace")
            except OSError:  # it may be read the next time
                return ""
            self.keep(name, text)
        return text

    def recall(self, what: str) -> Any:
        """Return what `keep` was given by this word since the folder has last changed, or None."""
        return self._listing.recall(what) if self._listing else None

    def keep(self, what: str, value: Any) -> None:
        """Have plain data recalled until the folder changes, also by later processes."""
        if self._listing:
            self._listing.keep(what, value)

    def write(self, name: str, data: bytes, lasting: bool = True) -> None:
        """Replace one of its files; what was known of its content is forgotten. Raises OSError."""
        self._listing = None
        files.replace(self.file(name), data, lasting=lasting)

    def spec(self) -> Spec:
        """Return the run's spec; an empty one when it is missing or unreadable."""
        try:
            return self._located(spec.read(self.file("spec")))
        except OSError:
            return Spec()

    def facts(self) -> Spec:
        """Return the beginning of the spec, with all facts and no commands."""
        if self._listing and self._facts is not None:
            return self._facts
        facts: dict[str, list[str]] | None = self.recall("facts")
        if facts is None:
            try:
                facts = spec.read(self.file("spec"), _FACTS, until=_AFTER_FACTS)
            except OSError:
                return Spec()
            self.keep("facts", dict(facts))
        self._facts = self._located(Spec(facts))
        return self._facts

    def _located(self, its_spec: Spec) -> Spec:
        """Return the spec with its paths as they are now, if the repository was moved since.

        `moved_from` is then the git directory that the run began in.
        """
        old, now = its_spec.one("common"), self.common
        if not old or old == now:
            return its_spec
        for key in ("common", "admin", "setup_mark"):
            path = its_spec.one(key)
            if path == old or path.startswith(f"{old}/"):
                its_spec[key] = [now + path[len(old) :]]
        workspace = its_spec.one("workspace")
        if workspace and not os.path.lexists(workspace):
            moved = os.path.normpath(os.path.join(now, os.path.relpath(workspace, old)))
            its_spec["workspace"] = [moved]
        its_spec["moved_from"] = [old]
        return its_spec

    @property
    def common(self) -> str:
        """Return git's common directory, which contains the folder."""
        return self.path.rsplit("/", 3)[0]

    def write_spec(self, values: Mapping[str, str | Sequence[str]]) -> None:
        """Write the spec, and the folder if need be. Raises OSError."""
        self._listing = None
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        spec.write(self.file("spec"), values)

    def exposes_environment(self) -> bool:
        """Return whether its spec has the environment of the shell that ticked.

        Versions before `secrets` was part of a spec wrote it.
        """
        its_spec = self.spec()
        return bool(its_spec.get("env")) and "secrets" not in its_spec

    def scrub(self) -> None:
        """Remove every environment from the spec of a run that is settled. Raises OSError."""
        scrubbed = {key: values for key, values in self.spec().items() if not key.endswith("env")}
        self.write_spec(scrubbed)

    # -- requests and records

    def request_stop(self, why: str) -> None:
        """Ask the supervisor to end the session; the reason of the first request stays."""
        if not self.has("stop"):
            self.write("stop", (" ".join(why.split()) + "\n").encode())

    def has_mail(self) -> bool:
        """Return whether its session has left anything in the mailbox."""
        if self._listing:
            mail = listings.look(self.file(MAILBOX), self._listing.private)
            if mail:
                return bool(mail.names)
        try:
            with os.scandir(self.file(MAILBOX)) as entries:
                return next(entries, None) is not None
        except OSError:
            return False

    def report(self) -> Report | None:
        """Return the session's own report, as versions before the mailbox recorded it."""
        row = self._json("report.json")
        if row is None or row.get("kind") not in ("done", "block"):
            return None
        return Report(
            "done" if row["kind"] == "done" else "block",
            row.get("no_change") is True,
            str(row.get("summary") or ""),
            next((each for each in BLOCK_REASONS if each == row.get("reason")), ""),
            why=str(row.get("why") or ""),
        )

    def work(self) -> Work:
        """Return what the run left in git; an empty record when it was not collected."""
        row = self._json("work.json")
        if row is None:
            return Work()
        return Work(
            Oid(str(row.get("tip") or "")),
            _whole_number(row.get("session_commits")),
            Oid(str(row.get("leftover") or "")),
            _text_items(row.get("leftover_paths")),
            salvage=str(row.get("salvage") or ""),
            notices=_text_items(row.get("told")),
            missed=_text_items(row.get("missed")),
            merged=_whole_number(row.get("merged")),
        )

    def uncollected(self, facts: Spec) -> bool:
        """Return whether the run ended without its work being collected; a tick then does that."""
        return bool(facts.one("collector")) and not self.has("work.json")

    def write_work(self, work: Work) -> None:
        """Record what was collected. If a power cut loses it, the work is collected again."""
        values = work._asdict()
        values["told"] = values.pop("notices")  # its name in the file, the same in every version
        self._write_json("work.json", values, lasting=False)

    def exit(self) -> Exit | None:
        """Return how the run ended, None while it has not."""
        record = self._json("exit.json")
        if record is None:
            return None
        rows = record.get("steps")
        steps = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return Exit(
            _whole_number(record.get("ended")),
            next((each for each in END_CAUSES if each == record.get("how")), "lost"),
            tuple(
                StepEnd(
                    str(row.get("name")),
                    row["exit"] if isinstance(row.get("exit"), int) else None,
                    _whole_number(row.get("signal")),
                )
                for row in steps
            ),
            str(record.get("error") or ""),
        )

    def session_seconds(self, end: Exit) -> int | None:
        """Return how many seconds the session of an ended run lasted, by its files; None: unknown.

        It counts from the last file that is written before the session's start.
        """
        began = [at for name in ("before", "prompt.md") if (at := self._written_at(name))]
        return max(0, end.ended - began[0]) if began and end.step("session") else None

    def _written_at(self, name: str) -> int:
        try:
            return int(os.stat(self.file(name)).st_mtime)
        except OSError:
            return 0

    def write_exit(self, end: Exit) -> None:
        """Record the end of a run in place of its supervisor; an existing record stays."""
        if not self.has("exit.json"):
            text = spec.exit_record(end.ended, end.how, end.steps, end.error)
            self.write("exit.json", text)

    def tries(self) -> Tries:
        """Return how often closing the run has failed."""
        row = (self.shows("tries.json") and self._json("tries.json")) or {}
        failures, first, last = (_whole_number(row.get(name)) for name in Tries._fields[:3])
        return Tries(failures, first, last, str(row.get("reason") or ""))

    def write_tries(self, tries: Tries) -> None:
        """Record a failed try. Raises OSError."""
        self._write_json("tries.json", tries._asdict())

    def given_up(self) -> str:
        """Return why the run was given up instead of closed; empty: it was not."""
        row = self._json("given-up.json")
        return str(row.get("reason") or "for no reason that was recorded") if row else ""

    def give_up(self, reason: str) -> None:
        """Record that closing the run will not be tried again. Raises OSError."""
        self._write_json("given-up.json", {"reason": reason})

    def claim(self) -> None:
        """Note that its start is being asked of a remote. Raises OSError."""
        self.write(CLAIM, b"")

    def claimed(self) -> None:
        """Note that its start is on the board."""
        self._listing = None
        files.remove(self.file(CLAIM))

    def claimed_at(self) -> float:
        """Return when its start was asked of a remote, in epoch seconds; 0: it was not."""
        try:
            return os.stat(self.file(CLAIM)).st_mtime
        except OSError:
            return 0.0

    def settle(self, commit: Oid) -> None:
        """Record that the run's end is on the board, in `commit`."""
        self.write("settled", f"{commit}\n".encode(), lasting=False)

    def noted(self) -> list[tuple[int, int]]:
        """Return the processes that its supervisor recorded: (pid, start time in ticks since boot).

        Empty after a reboot, when these numbers mean nothing any more.
        """
        if self.facts().one("boot") != files.boot_id():
            return []
        try:
            with open(self.file("pids"), encoding="ascii") as file:
                rows = [line.split() for line in file]
        except (OSError, ValueError):
            return []
        return [
            (int(row[1]), int(row[2]))
            for row in rows
            if len(row) == 3 and row[1].isdigit() and row[2].isdigit()
        ]

    def tail(self, name: str, lines: int = 20) -> list[str]:
        """Return the last lines of a log, without newlines; empty if there is no log."""
        text = self.text(name, 0, _TAIL)
        return text.splitlines()[-lines:]

    def size(self, name: str) -> int:
        """Return the size of a log in bytes; 0 when there is none."""
        try:
            return os.stat(self.file(name)).st_size
        except OSError:
            return 0

    def text(self, name: str, head: int, tail: int) -> str:
        """Return the first `head` and last `tail` bytes of a log as text, without the middle."""
        try:
            with open(self.file(name), "rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size <= head + tail:
                    return file.read(head + tail).decode("utf-8", "replace")
                first = file.read(head)
                file.seek(size - tail)
                last = file.read(tail)
        except OSError:
            return ""
        # The rest of a cut line would be read as a whole line: drop it.
        last = last[last.find(b"\n") + 1 :] if b"\n" in last else last
        return (first[: first.rfind(b"\n") + 1] + last).decode("utf-8", "replace")

    def _json(self, name: str) -> dict[str, object] | None:
        try:
            with open(self.file(name), "rb") as file:
                row = json.loads(file.read(1 << 20))
        except (OSError, ValueError, RecursionError):
            return None
        return row if isinstance(row, dict) else None

    def _write_json(self, name: str, values: Mapping[str, object], lasting: bool = True) -> None:
        text = json.dumps(values, indent=1) + "\n"
        self.write(name, text.encode(), lasting=lasting)


def of(private: str, run: RunId) -> Folder:
    """Return the folder of a run, given the repository's private folder."""
    return Folder(f"{private}/runs/{run}")


def every(private: str) -> Iterator[Folder]:
    """Yield every run folder, oldest run first."""
    for name in _list_names(private):
        yield of(private, RunId(name))


def unsettled(private: str) -> list[Folder]:
    """Return the folders of runs that live, or whose end is not on the board, oldest run first.

    A run is settled once and for all. So a clone looks at each settled one once, whatever the
    number of its ticks: a day may leave a hundred thousand until `gc` removes them.
    """
    settled = listings.settled_runs(private)
    unknown = [name for name in _list_names(private) if name not in settled]
    others = []
    for run in map(RunId, unknown):
        path = of(private, run).path
        folder = Folder(path, listings.look(path, private))
        if folder.shows("settled"):
            listings.note_settled(private, run)
        else:
            others.append(folder)
    return others


def _list_names(private: str) -> list[str]:
    try:
        return sorted(os.listdir(f"{private}/runs"))
    except FileNotFoundError:
        return []


def exposed(private: str) -> list[Folder]:
    """Return settled runs whose spec still has a shell's environment."""
    return [each for each in every(private) if each.has("settled") and each.exposes_environment()]


def settle_claims(
    claimed: Iterable[Folder], current: Container[RunId], answered: float
) -> list[Folder]:
    """Decide on those that are `claimed` without an answer; return those that were given up.

    `current` are the runs that the board names now, `answered` is when the remote's word was last
    taken in, in epoch seconds. A run that the board does not name although the remote has answered
    since was not claimed, and its folder goes. Call it with the tick lock held.
    """
    import shutil

    gone = []
    for folder in claimed:
        if folder.has("prompt.md"):  # it began: the tick died before it noted that
            folder.claimed()
        elif folder.run not in current and folder.claimed_at() < answered:
            gone.append(folder)
            shutil.rmtree(folder.path, ignore_errors=True)
    return gone


def remove_unborn(runs: Iterable[Folder]) -> list[Folder]:
    """Remove run folders whose tick died before it wrote the spec: nothing was reserved for them.

    Return the others. Call it with the tick lock held: only ticks create run folders.
    """
    return [each for each in runs if each.shows("spec") or not _remove_if_unborn(each)]


def _remove_if_unborn(folder: Folder) -> bool:
    names = os.listdir(folder.path)
    if not all(name.startswith("spec.") for name in names):
        return False
    for name in names:
        os.unlink(folder.file(name))
    os.rmdir(folder.path)
    return True


def _whole_number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _text_items(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
