"""A sandbox as words: what of a home is shown, what is put into words of one's own,
what is unknown.
"""

import pytest

from gitkanban.board.formats import configfile
from gitkanban.core.agents import sandboxes
from gitkanban.core.agents.presets import PRESETS, templates_of
from gitkanban.core.agents.sandboxes import Ground
from gitkanban.core.model import Worker

GROUND = Ground("/home/ada", "/w/T1", "/r/.git", "/r/.git/gitkanban/runs/01", main="/r")


@pytest.mark.parametrize(
    ("path", "shelf"),
    [
        ("/home/ada/.nvm/versions/node/v22/bin", ".nvm"),
        ("/home/ada/.local/bin", ".local/bin"),
        ("/home/ada/.local/share/uv/tools/x/bin/x", ".local/share/uv"),
        ("/home/ada/.config/tool/bin", ".config/tool"),
        ("/home/ada/bin", "bin"),
        ("/home/ada/.local/share", ""),
        ("/home/ada/.cache", ""),
        ("/home/ada", ""),
        ("/home/adam/bin", ""),
        ("/usr/bin", ""),
    ],
)
def test_of_a_home_one_program_s_own_folder_is_shown(path: str, shelf: str) -> None:
    assert sandboxes.shelf_of("/home/ada", path) == (f"/home/ada/{shelf}" if shelf else "")


def test_the_home_is_emptied_before_anything_of_it_is_shown_and_the_worktree_comes_after() -> None:
    ground = GROUND._replace(home="/r", main="", programs=("/r/bin",), state=("/r/.agent",))
    words = sandboxes.prefix(("bwrap",), ground._replace(workspace="/r/w"))
    order = [words.index(path) for path in ("/r", "/r/bin", "/r/.agent", "/r/w")]
    assert order == sorted(order) and words[words.index("/r") - 1] == "--tmpfs"
    assert words[-3:] == ["--chdir", "/r/w", "--"]


def test_words_after_the_preset_s_name_come_last() -> None:
    words = sandboxes.prefix(("bwrap", "--unshare-net", "--bind", "~/x", "~/x"), GROUND)
    own = words.index("--unshare-net")
    assert words[own : own + 4] == ["--unshare-net", "--bind", "/home/ada/x", "/home/ada/x"]
    assert own > words.index("/r/.git/gitkanban/runs/01")


def test_another_command_stands_there_as_it_is_with_its_places() -> None:
    words = ("podman", "run", "-v", "{workspace}:{workspace}", "{git_dir}", "{run_dir}", "{other}")
    assert sandboxes.prefix(words, GROUND) == [
        "podman", "run", "-v", "/w/T1:/w/T1", "/r/.git", "/r/.git/gitkanban/runs/01", "{other}",
    ]  # fmt: skip
    assert sandboxes.prefix((), GROUND) == []


def test_settings_of_an_agent_are_never_in_what_it_may_write_alone() -> None:
    for preset in PRESETS.values():
        assert preset.state, preset.name
        assert all(not name.startswith("/") for name in (*preset.state, *preset.settings))


def test_an_agent_with_a_sandbox_of_its_own_leaves_it_out_in_ours() -> None:
    codex = Worker("w", "w", runner="codex")
    own, ours = (templates_of(codex._replace(sandbox=box)) for box in ((), ("bwrap",)))
    for plain, contained in zip(own, ours, strict=True):
        assert 'sandbox_mode="workspace-write"' in plain
        assert 'sandbox_mode="danger-full-access"' in contained and len(plain) == len(contained)
    for box in (("podman", "run"), ("bwrap-of-mine",)):
        assert templates_of(codex._replace(sandbox=box)) == own


CONFIG = "version: 1\nkanban:\n  workers:\n    w:\n      command: [a]\n      sandbox: "


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bwrap", ("bwrap",)),
        ("[bwrap, --unshare-net]", ("bwrap", "--unshare-net")),
        ("[podman, run, '{git_dir}']", ("podman", "run", "{git_dir}")),
    ],
)
def test_it_is_read_from_the_config(text: str, words: tuple[str, ...]) -> None:
    config, problems = configfile.parse(f"{CONFIG}{text}\n".encode(), "config.yaml")
    assert config and not problems
    assert config.workers["w"].sandbox == words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("firejail", "unknown sandbox 'firejail'"),
        ("bwrap --unshare-net", "unknown sandbox 'bwrap --unshare-net'"),
        ("['']", "sandbox names no command"),
        ("[x, '{prompt}']", "unknown placeholder {prompt}"),
        ("{a: b}", "sandbox must be a list"),
    ],
)
def test_what_is_none_is_said(text: str, message: str) -> None:
    config, problems = configfile.parse(f"{CONFIG}{text}\n".encode(), "config.yaml")
    assert config and any(message in each.message for each in problems), problems
    assert "w" in config.faulty
