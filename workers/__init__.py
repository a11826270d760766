"""Khabar: a message-queue stream processor for news articles."""


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: what reads it takes 50 ms and 2 MB to load (PEP 562)."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import version  # noqa: PLC0415

    return version("khabar")
