"""What a fetcher may do, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.feeds.fetch.addresses import Allowed
from workers.feeds.model import PAGE_MAX_BYTES, USER_AGENT


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimits:
    """How often a host is asked: `delay_s` between two beginnings, `concurrency` requests at a time."""

    delay_s: float = 1.0
    concurrency: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """`hosts` are exceptions from `limits`, by name, or by name and port ("news.example:8080").

    `read_timeout_s` is the longest silence within an answer, `total_timeout_s` the longest time for one request; a
    redirect is another request.
    """

    user_agent: str = USER_AGENT
    limits: HostLimits = field(default_factory=HostLimits)
    hosts: Mapping[str, HostLimits] = field(default_factory=dict)
    obey_robots: bool = True
    allowed: Allowed = field(default_factory=Allowed)
    max_bytes: int = PAGE_MAX_BYTES
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 20.0
    total_timeout_s: float = 60.0

    def limits_of(self, host: str) -> HostLimits:
        """`host` with its port where that is not the scheme's own."""
        return self.hosts.get(host) or self.hosts.get(host.rsplit(":", 1)[0]) or self.limits
