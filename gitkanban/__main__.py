"""The entry point: a fast path for the commands that must be quick, click for everything else."""

import gc
import os
import sys

# Values after which Python looks for cycles among them. Its own 700 means thirty looks in a command
# that ends without a single cycle to free.
_MANY_VALUES = 50_000


def main() -> int:
    """Run the command line on sys.argv and return the exit code."""
    if os.name == "nt":  # before anything is imported that Windows does not have
        sys.stderr.write(
            "gitkanban does not run on Windows itself; it does in WSL (wsl --install)\n"
        )
        return 1
    try:
        if sys.getfilesystemencoding() != "utf-8" and sys.executable:
            # Another locale: paths, titles and "→" are UTF-8 all the same. Argv stays,
            # byte by byte.
            os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
        gc.set_threshold(_MANY_VALUES)
        return _run_and_exit(sys.argv[1:])
    except KeyboardInterrupt:  # before the command line could handle it
        sys.stderr.write("interrupted\n")
        return 130
    finally:
        gc.freeze()  # at its end Python would look through all values once more


def _run_and_exit(argv: list[str]) -> int:
    from gitkanban.cli.streams import settle

    settle()
    if argv[:1] == ["__complete"]:  # from a shell's script, see cli/completion/
        from gitkanban.cli.completion.answer import answer as complete

        return complete(argv[1:])
    if argv and argv[0] in ("status", "st", "list", "ls", "tick"):
        if argv[0] == "tick":
            from gitkanban.cli.quick_tick import answer
        else:
            from gitkanban.cli.quick import answer

        name = argv[0]
        if name in ("st", "ls"):
            from gitkanban.cli.synonyms import SHORT

            name = SHORT[name]
        try:
            code = answer([name, *argv[1:]])
            sys.stdout.flush()
        except OSError:
            code = None  # the full command line fails the same way, and reports it
        if code is not None:
            return code
    from gitkanban.cli.app import run

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
