"""Every test runs in an empty home with a fixed identity,
and never sees the caller's git settings.
"""

import gc
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pygit2
import pytest

from tests.support import examples
from tests.support.memory_disk import memory_disk

if TYPE_CHECKING:
    from tests.runs.places import Bench
    from tests.support.arena import Arena


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples properties get, and where the folders of tests are.

    A script that starts the suite in the background has ^C ignored, also in what tests start: they
    would send it in vain.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    quick = config.getoption("markexpr") == "not slow"
    usual = examples.QUICK_SHARE if quick else examples.SUITE_SHARE
    examples.load_profile(examples.ALL if config.getoption("all_examples") else usual)
    if place := memory_disk():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)


def pytest_collection_finish() -> None:
    """Spare the tests that are collected: looking through them for garbage took a tenth
    of all time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def hermetic(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear what leaks in from the caller: HOME, GIT_*, GITKANBAN_*, time zone,
    language, editor.
    """
    begin_home(next(homes), monkeypatch)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths for the homes of tests. That pytest numbers them itself takes longer with each."""
    top = tmp_path_factory.mktemp("homes")
    return (top / str(number) for number in count())


def begin_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a home and an environment in which nothing of the caller's is left."""
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("GIT_", "GITKANBAN_")) or name in (
            "EDITOR",
            "VISUAL",
            "NO_COLOR",
            "PAGER",
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "100")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
        "[advice]\n\tdetachedHead = false\n"
    )


def git(cwd: Path, *args: str, input: str | None = None, check: bool = True) -> str:
    """Run git in `cwd`, give its standard output without the last newline."""
    done = subprocess.run(
        ["git", *args], cwd=cwd, input=input, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr}{done.stdout}")
    return done.stdout.removesuffix("\n")


@pytest.fixture
def repo(tmp_path: Path, template: Path) -> Path:
    """A repository `repo` with one commit on main: a README and a source file."""
    path = tmp_path / "repo"
    shutil.copytree(template, path)
    index = pygit2.Repository(str(path)).index
    index.add_all()  # the copies are other files than those that git has looked at
    index.write()
    return path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `repo` copies: git makes it once, for it takes eight times as long as copying."""
    path = tmp_path_factory.mktemp("template") / "repo"
    (path / "src").mkdir(parents=True)
    (path / "README.md").write_text("# a project\n")
    (path / "src" / "app.py").write_text("print('hello')\n")
    with pytest.MonkeyPatch.context() as patch:
        begin_home(path.parent / "home", patch)
        # Always the same commit, so that what is built on it can be compared as text.
        patch.setenv("GIT_AUTHOR_DATE", "2026-11-24T00:00:00Z")
        patch.setenv("GIT_COMMITTER_DATE", "2026-11-24T00:00:00Z")
        git(path, "init", "-q", "-b", "main")
        git(path, "add", "-A")
        git(path, "commit", "-qm", "start")
    for hook in (path / ".git" / "hooks").iterdir():
        hook.unlink()
    return path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: half as many again as there are cores, for tests wait a lot."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return cores + cores // 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Which worker gets which test."""
    from tests.support.one_worker import OneWorkerForEach

    return OneWorkerForEach(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--rewrite` writes expected files again from what came out."""
    parser.addoption("--all-examples", action="store_true", help="of each property, at random")
    parser.addoption("--rewrite", action="store_true", help="write expected files anew")


@pytest.fixture
def make() -> Iterator["Callable[..., Arena]"]:
    """Makes arenas (`tests.support.arena`), and ends what is left of them."""
    from tests.support.arena import Arena, room

    made: list[Arena] = []

    def arena(*args: object, **more: object) -> Arena:
        made.append(Arena(room(), *args, **more))  # type: ignore[arg-type]
        return made[-1]

    yield arena
    for each in made:
        each.close()


@pytest.fixture
def bench(repo: Path) -> "Iterator[Bench]":
    """Real runs in a repository of two files; what a failed test leaves is ended."""
    from tests.runs.places import Bench

    bench = Bench(repo)
    yield bench
    bench.close()
