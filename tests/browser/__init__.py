"""The page, and the board that is served, in a real browser."""
