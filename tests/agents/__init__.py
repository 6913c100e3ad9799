"""The real agent CLIs, run against a loopback model server of our own."""
