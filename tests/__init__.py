"""Tests of gitkanban."""

import os
import sys

# Compiled modules are written, whatever the caller has set. Without them each `gitkanban` that a
# test starts compiles the package again, which costs it more than all its work, and each worker
# compiles hypothesis with its assertions rewritten: hence here, before any module of the tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
