"""The board that is served."""

from tests.cli.conftest import board

__all__ = ["board"]
