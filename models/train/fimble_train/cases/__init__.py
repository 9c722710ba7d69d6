"""The generators of the held-out cases in `tests/quality`."""
