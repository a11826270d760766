"""Taggers of other packages; see workers/entities/taggers.py for what one has to be."""
