"""Tests of the screen of `gitkanban ui`, by textual's own pilot."""
