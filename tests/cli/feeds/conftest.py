"""The news site on loopback, for the commands around feeds."""

import pytest

from tests.support.feed_site import FeedSite


@pytest.fixture(scope="module")
def site():
    with FeedSite() as running:
        yield running
