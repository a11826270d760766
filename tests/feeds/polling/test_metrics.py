"""What the poller counts, as Prometheus reads it."""

from tests.support.scraping import promtool, scrape, unbounded
from workers.feeds.polling.metrics import LABELS, Metrics
from workers.metrics_server import served
from workers.stores.feed_state import FeedState


def read(port):
    lines = scrape(port).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def state(**fields):
    return FeedState(feed="f", fields=fields, now_s=1000.0)


def test_what_was_counted_is_served_under_labels_of_closed_lists():
    metrics = Metrics()
    metrics.count({"read": 1, "new": 3, "sent": 2, "given_up": 1, "page_gone": 1, "feed_dns": 2})
    metrics.count({"unchanged": 1, "page_http_error": 1, "nonsense": 7, "page_nonsense": 7})
    metrics.took("page", 0.2)
    metrics.show(
        [state(), state(read_at="400000", failures="0"), state(read_at="900000", failures="3")], waiting=5
    )
    with served("127.0.0.1:0", metrics.registry) as port:
        found, text = read(port), scrape(port)
    assert found['khabar_feed_polls_total{outcome="read"}'] == "1.0"
    assert found['khabar_feed_polls_total{outcome="failed"}'] == "0.0"
    assert found['khabar_feed_items_total{outcome="new"}'] == "3.0"
    assert found['khabar_feed_faults_total{fault="gone",what="page"}'] == "1.0"
    assert found['khabar_feed_faults_total{fault="http_error",what="page"}'] == "1.0"
    assert found['khabar_feed_faults_total{fault="dns",what="feed"}'] == "2.0"
    assert found['khabar_feed_fetch_seconds_bucket{le="0.25",what="page"}'] == "1.0"
    states = [found[f'khabar_feeds{{state="{name}"}}'] for name in ("ok", "failing", "not_polled")]
    assert states == ["1.0", "1.0", "1.0"]
    assert found["khabar_feed_items_pending"] == "5.0"
    assert found["khabar_feed_oldest_success_seconds"] == "600.0"
    assert not any("nonsense" in name for name in found)
    assert unbounded(text, LABELS) == []
    promtool("check", "metrics", stdin=text)


def test_two_pollers_of_one_process_count_apart():
    first, second = Metrics(), Metrics()
    first.count({"read": 1})
    with served("127.0.0.1:0", first.registry) as one, served("127.0.0.1:0", second.registry) as other:
        assert read(one)['khabar_feed_polls_total{outcome="read"}'] == "1.0"
        assert read(other)['khabar_feed_polls_total{outcome="read"}'] == "0.0"
