"""Runs: leases, workspaces, supervised sessions, and the records of how they ended."""
