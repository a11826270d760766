"""Getting pages and feeds by HTTP: politely, safely, and no more often than needed."""

from workers.feeds.fetch.addresses import Allowed
from workers.feeds.fetch.http import HttpFetcher
from workers.feeds.fetch.options import FetchOptions, HostLimits
from workers.feeds.fetch.turns import LocalTurns

__all__ = ["Allowed", "FetchOptions", "HostLimits", "HttpFetcher", "LocalTurns"]
