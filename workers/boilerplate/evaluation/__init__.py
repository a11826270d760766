"""How well main text is found: gold, readers, scores, tables. See `python -m workers.boilerplate.evaluate --help`."""
