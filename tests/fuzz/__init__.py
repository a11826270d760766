"""Mutated pages against the boilerplate stage: `python -m tests.fuzz.pages --help`."""
