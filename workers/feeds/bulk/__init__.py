"""Sending many files exactly once, over any number of attempts, at a rate."""
