"""A git-native kanban board on which coding agents work."""

__version__ = "0.1.0"
