"""Who looks for a process by its command line finds one that has only just been started."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.command_lines import command_lines


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc here")
def test_a_process_has_its_words_as_soon_as_it_is_started() -> None:
    for number in range(20):
        argv = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            "import sys; sys.stdin.read()",
            f"number {number}",
        ]
        told, tell = os.pipe()
        pid = os.posix_spawn(
            sys.executable, argv, {}, file_actions=[(os.POSIX_SPAWN_DUP2, told, 0)]
        )
        try:
            words = dict(command_lines()).get(pid, [])
        finally:
            os.close(tell)
            os.close(told)
            os.waitpid(pid, 0)
        assert f"number {number}".encode() in words
