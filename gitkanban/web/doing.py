"""Does acts by the verbs of the command line: each once, one at a time for a card, few at once.

Each runs in a process of its own, which goes on if the server ends or is killed meanwhile.
"""

import asyncio
from collections import OrderedDict

from gitkanban.cli.ui import verbs
from gitkanban.cli.ui.verbs import VerbResult, verb_result
from gitkanban.web.acts import PageAct
from gitkanban.web.handover import hand_over

AT_ONCE_MOST = 8  # acts at work
_KEYS_MOST = 1000  # acts that are remembered, so that none is done twice


class ActRunner:
    """Does acts in a folder. Call it in the event loop's thread."""

    def __init__(self, cwd: str) -> None:
        self._cwd = cwd
        self._at_work: dict[str, str] = {}  # {card: the verb}, for acts on the board {key: verb}
        self._results: OrderedDict[str, asyncio.Future[VerbResult]] = OrderedDict()

    async def do(self, act: PageAct) -> VerbResult:
        """Do an act, or wait for it if it is at work or was done; return how it ended."""
        known = self._results.get(act.key)
        if known is None:
            refused = self._refusal_of(act)
            if refused:
                return refused
            known = self._start_verb(act)
        return await asyncio.shield(known)

    def _refusal_of(self, act: PageAct) -> VerbResult | None:
        verb = self._at_work.get(act.card)
        if verb:
            hint = f"Wait for it, then {act.argv[0]}."
            return VerbResult(False, f"Error: {verb} {act.card} is still at work", hint)
        if len(self._at_work) >= AT_ONCE_MOST:
            text = f"Error: {AT_ONCE_MOST} acts are still at work"
            return VerbResult(False, text, "Wait for one of them.")
        return None

    def _start_verb(self, act: PageAct) -> "asyncio.Future[VerbResult]":
        loop = asyncio.get_running_loop()
        result: asyncio.Future[VerbResult] = loop.create_future()
        lines: list[str] = []
        what = f"{act.argv[0]} {act.card}".rstrip()
        place = act.card or act.key

        def end(code: int) -> None:
            self._at_work.pop(place, None)
            if not result.done():
                result.set_result(verb_result(what, code, lines))

        try:
            verbs.start(
                act.argv, self._cwd, lines.append, lambda code: hand_over(loop, lambda: end(code)),
                words=act.words,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            result.set_result(VerbResult(False, f"Error: {what} cannot start: {error}"))
            return result
        self._at_work[place] = act.argv[0]
        self._results[act.key] = result
        while len(self._results) > _KEYS_MOST:
            self._results.popitem(last=False)
        return result
