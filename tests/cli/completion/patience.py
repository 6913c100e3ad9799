"""The command with patience for a busy machine: it gives up a board after minutes, not seconds."""

PATIENT = """\
import sys
from gitkanban.__main__ import main
from gitkanban.cli.completion import candidates
candidates.PATIENCE = 300
sys.exit(main())
"""
