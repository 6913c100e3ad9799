"""What the shell completes: the line, the words, and the real shells."""
