"""Making the models of the boilerplate stage from pages with a known main text; see `python -m` of each module."""
