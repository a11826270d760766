import pytest

from tests.support.feed_site import FeedSite
from workers.feeds.fetch import Allowed, FetchOptions, HostLimits


@pytest.fixture(scope="module")
def site():
    """A site for the tests of a module; they assert what they have asked for themselves."""
    with FeedSite() as running:
        yield running


@pytest.fixture
def options():
    """May ask loopback, waits for nothing."""
    return FetchOptions(
        limits=HostLimits(delay_s=0, concurrency=4),
        allowed=Allowed(networks=("127.0.0.0/8",)),
        read_timeout_s=2,
        total_timeout_s=4,
    )
