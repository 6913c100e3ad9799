"""Modules of the standard library that are not imported until they are first used.

`from gitkanban.late import json` stands for `import json` in modules that every command loads and
few commands need it in: such a module takes longer to import than a board takes to read. A pattern
from `re.compile` is compiled on first use here, too. A type checker sees the real modules.
"""

from gitkanban.typed import TYPE_CHECKING

__all__ = ["datetime", "difflib", "hashlib", "json", "re", "sha1", "shlex", "shutil", "subprocess"]

if TYPE_CHECKING:
    import datetime
    import difflib
    import hashlib
    import json
    import re
    import shlex
    import shutil
    import subprocess
    from hashlib import sha1
else:
    try:
        from _json import make_scanner
    except ImportError:  # another interpreter: `json` does it
        make_scanner = None
    try:
        from _sha1 import sha1  # hashlib loads OpenSSL first
    except ImportError:
        from hashlib import sha1
    inf, nan = float("inf"), float("nan")

    class _LateModule:
        """A module by name. Nothing of it is cached here, so that a test can replace it."""

        def __init__(self, name):
            self._name = name

        def __getattr__(self, name):
            return getattr(__import__(self._name), name)

    class _LateJson(_LateModule):
        """`json`. Plain cases go straight to its C scanner, all others to the module itself."""

        def load(self, file, **options):
            """Parse the content of an open file. Raises ValueError, as `json.load` does."""
            return self.loads(file.read(), **options)

        def loads(self, text, **options):
            """Parse a text. Raises ValueError, worded as by `json`."""
            if type(text) is str and not options and _scan_json:
                try:
                    value, end = _scan_json(text.lstrip(_JSON_SPACE), 0)
                    if not text.lstrip(_JSON_SPACE)[end:].strip(_JSON_SPACE):
                        return value
                except (StopIteration, ValueError):
                    pass
            import json

            return json.loads(text, **options)

    class _JsonWays:
        """The scanner's settings: the defaults of `json.JSONDecoder`."""

        strict, object_hook, object_pairs_hook = True, None, None
        parse_float, parse_int, memo = float, int, {}
        parse_constant = {"-Infinity": -inf, "Infinity": inf, "NaN": nan}.__getitem__

    _JSON_SPACE = " \t\n\r"
    _scan_json = make_scanner(_JsonWays) if make_scanner else None

    class _LatePattern:
        """A regular expression that is compiled when it is first used."""

        def __init__(self, pattern, flags):
            self._source = pattern, flags

        def __getattr__(self, name):
            import re

            compiled = re.compile(*self._source)
            for each in (
                "findall",
                "finditer",
                "fullmatch",
                "match",
                "pattern",
                "search",
                "split",
                "sub",
            ):
                setattr(self, each, getattr(compiled, each))
            return getattr(compiled, name)

    class _LateRegex(_LateModule):
        """`re`. Its flags are plain numbers here, so that using them does not import it."""

        A, I, M, S, X = 256, 2, 8, 16, 64  # noqa: E741
        ASCII, IGNORECASE, MULTILINE, DOTALL, VERBOSE = A, I, M, S, X

        def compile(self, pattern, flags=0):
            """Return a pattern that is compiled when it is first used."""
            return _LatePattern(pattern, flags)

    datetime = _LateModule("datetime")
    difflib = _LateModule("difflib")
    hashlib = _LateModule("hashlib")
    json = _LateJson("json")
    re = _LateRegex("re")
    shlex = _LateModule("shlex")
    shutil = _LateModule("shutil")
    subprocess = _LateModule("subprocess")
