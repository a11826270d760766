"""Khabar: a message-queue stream processor for news articles."""

from importlib.metadata import version

__version__ = version("khabar")
