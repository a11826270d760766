"""The audit beside workers that are at work."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from workers.runtime.audit import audit
from workers.runtime.clients import Addresses, admin, producer
from workers.runtime.topics_admin import create
from workers.topics import Role, table

pytestmark = pytest.mark.integration


def test_an_audit_waits_for_a_transaction_that_is_being_finished(settings):
    """The committed offset of a transaction may show before its records do; they are not lost meanwhile."""
    addresses = Addresses(settings.kafka)
    names = {role: topic.name for role, topic in table(settings.topic_prefix).items()}
    with closing(admin(settings, addresses)) as cluster:
        create(cluster, settings)
    with (
        closing(producer(settings, addresses)) as feed,
        closing(producer(settings, addresses, transactional_id=settings.group)) as worker,
        ThreadPoolExecutor() as pool,
    ):
        feed.send(names[Role.RAW], b"{}", partition=1).get(timeout=20)
        worker.init_transactions()
        worker.begin_transaction()
        origin = f"{names[Role.RAW]}:1:0".encode()
        worker.send(names[Role.PUBLISHED], b"{}", headers=[("khabar-origin", origin)]).get(timeout=20)
        result = pool.submit(audit, settings, addresses, lambda *_: None)
        with pytest.raises(TimeoutError):
            result.result(timeout=1.5)
        worker.commit_transaction()
        balance = result.result(timeout=20)
    assert (balance.events, balance.ended["published"], balance.in_flight) == (1, 1, 0)


def test_progress_names_the_topic_and_never_passes_its_end(settings):
    addresses = Addresses(settings.kafka)
    name = table(settings.topic_prefix)[Role.RAW].name
    with closing(admin(settings, addresses)) as cluster:
        create(cluster, settings)
    with closing(producer(settings, addresses)) as feed:
        for _ in range(3):
            feed.send(name, b"{}", partition=0).get(timeout=20)
    seen = []
    audit(settings, addresses, lambda *progress: seen.append(progress))
    assert seen == [(name, 1, 3), (name, 2, 3), (name, 3, 3)]
