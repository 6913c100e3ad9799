"""The command line: arguments in, text out, one file per verb."""
