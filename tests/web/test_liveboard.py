"""The live board: read once for all who look, not at all for nobody, and whatever fails is said."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.errors import NotFound
from gitkanban.web import liveboard
from gitkanban.web.liveboard import BoardRead, LiveBoard


def run(body: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(body, 60))


async def next_news(board: LiveBoard) -> None:
    """Wait for it at first hand: through another task, the next news might come first."""
    await board.news.wait()  # bounded by `run`


def test_it_is_read_while_somebody_looks_and_once_for_all(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveboard, "LOOK_EACH", 0.01)
    reads = []

    def read() -> BoardRead:
        reads.append(1)
        return BoardRead({"now": len(reads), "cards": []})

    async def body() -> None:
        live = LiveBoard(find(str(board)), read)
        follow = asyncio.ensure_future(live.follow())
        await asyncio.sleep(0.1)
        assert not reads
        async with live.looked_at(), live.looked_at():
            await next_news(live)
            first, version = len(reads), live.version
            assert first == 1
            (board / ".git" / "refs" / "heads" / "other").write_text("0" * 40)
            while len(reads) == first:
                await asyncio.sleep(0.01)  # bounded by `run`
            await asyncio.sleep(0.05)
            assert live.version == version, "only its time has changed"
        live.close()
        await follow

    run(body())


def test_whatever_fails_is_said_and_looked_at_again(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveboard, "LOOK_EACH", 0.01)
    monkeypatch.setattr(liveboard, "_FAILED_EVERY", 0.05)
    answers: list[Any] = [NotFound("no board", "Make one."), RuntimeError("odd"), {"now": 1}]

    def read() -> BoardRead:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return BoardRead(answer)

    async def body() -> None:
        live = LiveBoard(find(str(board)), read)
        follow = asyncio.ensure_future(live.follow())
        async with live.looked_at():
            troubles = []
            while not live.version:
                await next_news(live)
                troubles.append(live.trouble and live.trouble.message)
        assert troubles == ["no board", "a bug in gitkanban: RuntimeError: odd", None]
        live.close()
        await follow

    run(body())


def test_a_look_that_fails_does_not_end_it(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveboard, "LOOK_EACH", 0.01)
    calls = []

    def look(place: object) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise OSError(5, "input/output error")
        return "prints"

    monkeypatch.setattr(liveboard, "fingerprint", look)

    async def body() -> None:
        live = LiveBoard(find(str(board)), lambda: BoardRead({"now": 1}))
        follow = asyncio.ensure_future(live.follow())
        async with live.looked_at():
            await next_news(live)
            assert live.trouble and "input/output error" in live.trouble.message
            await next_news(live)
            assert live.trouble is None and live.version
        live.close()
        await follow

    run(body())
