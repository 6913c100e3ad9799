"""The way in: the quick door for what must be fast, the whole command line for all else."""

import sys


def main() -> int:
    """Run the command line on sys.argv and give the exit code."""
    argv = sys.argv[1:]
    if argv and argv[0] in ("status", "list"):
        from gitkanban.cli.quick import answer

        code = answer(argv)
        if code is not None:
            return code
    if argv and argv[0] == "tick":
        from gitkanban.cli.quick import contended

        if contended(argv):
            return 0
    from gitkanban.cli.app import run

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
