"""The board for Grafana: as the code makes it, of metrics that there are, with data from a real Prometheus."""

import functools
import json
import math
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections import Counter
from contextlib import contextmanager

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import CollectorRegistry

from deploy.grafana.board import FILE, OF_CHAIN, PROVISIONED_UID, text
from schemas.published_article import DEFAULT_PUBLISHED
from tests.support import harness
from tests.support.scraping import promtool
from workers.cli.up import put_demo
from workers.demo.events import demo_events
from workers.feeds.polling.metrics import Metrics
from workers.metrics_server import served
from workers.runtime.chain import build_chain
from workers.runtime.metrics import WorkerMetrics
from workers.runtime.occupancy_reader import OccupancyReader
from workers.stores.feed_state import FeedState

GRAFANA = FILE.parents[1]
BOARD = json.loads(FILE.read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]


def as_prometheus_is_asked(query):
    """With Grafana's variables as they are for a look at the last minutes."""
    return query.replace("$chain", ".*").replace("$__rate_interval", "1m")


def test_the_board_is_what_the_code_makes():
    assert FILE.read_text(encoding="utf-8") == text(), "python -m deploy.grafana.board writes it"


def test_the_board_has_the_form_that_grafana_reads():
    """Read by the types of Grafana's own SDK, which are made from its schema; nothing of it is lost on the way."""
    read = Dashboard.from_json(BOARD)
    assert (read.title, read.uid, len(read.panels or [])) == ("Khabar", "khabar", len(BOARD["panels"]))
    assert all({"type", "title", "gridPos", "id"} <= panel.keys() for panel in BOARD["panels"])
    for panel in PANELS:
        assert panel["targets"], panel["title"]
        assert [each["refId"] for each in panel["targets"]] == list("ABCDEF"[: len(panel["targets"])])


def test_panels_have_ids_and_places_of_their_own():
    assert set(Counter(panel["id"] for panel in BOARD["panels"]).values()) == {1}
    cells = Counter(
        (x, y)
        for panel in BOARD["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    assert set(cells.values()) == {1}
    assert max(x for x, _ in cells) < 24


def test_every_source_of_data_is_the_provisioned_one():
    used = set(re.findall(r'"uid": "([^"]+)"', json.dumps(BOARD))) - {BOARD["uid"]}
    assert used == {"${datasource}"}
    [variable] = [each for each in BOARD["templating"]["list"] if each["name"] == "datasource"]
    provisioned = yaml.safe_load(
        (GRAFANA / "provisioning/datasources/khabar.yml").read_text(encoding="utf-8")
    )
    [source] = provisioned["datasources"]
    assert variable["current"]["value"] == source["uid"] == PROVISIONED_UID
    assert (source["type"], variable["query"]) == ("prometheus", "prometheus")


def test_the_provisioned_folder_is_named():
    provisioned = yaml.safe_load((GRAFANA / "provisioning/dashboards/khabar.yml").read_text(encoding="utf-8"))
    [provider] = provisioned["providers"]
    assert (provider["type"], provider["options"]["path"]) == ("file", "/etc/grafana/dashboards")


def test_the_board_names_metrics_that_there_are_and_leaves_out_none(series):
    named = {name for _, query in QUERIES for name in re.findall(r"\bkhabar_\w+", query)}
    assert named <= series
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series}
    assert families - {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} == set()


def test_every_query_of_the_workers_is_of_the_chains_that_are_chosen():
    for title, query in QUERIES:
        for selector in re.findall(
            r"khabar_(?:events|phase|stage|batch|partition|worker)\w*(\{[^}]*\})?", query
        ):
            assert OF_CHAIN in selector, title


def test_every_query_is_promql(tmp_path):
    rules = [
        {"record": f"board:query{number}", "expr": as_prometheus_is_asked(query)}
        for number, (_, query) in enumerate(QUERIES)
    ]
    path = tmp_path / "queries.yml"
    path.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}), encoding="utf-8")
    assert f"{len(QUERIES)} rules found" in promtool("check", "rules", str(path))


@contextmanager
def prometheus(targets, folder):
    """A Prometheus on loopback that reads the targets twice a second; gives its port."""
    program = shutil.which("prometheus")
    if program is None:
        promtool("--version")  # skips, or fails in CI
        pytest.skip("prometheus is missing: apt-get install prometheus")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    jobs = [
        {"job_name": "khabar", "static_configs": [{"targets": [f"127.0.0.1:{each}" for each in targets]}]}
    ]
    config = {"global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (
        (folder / "prometheus.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            yield port
        finally:
            process.terminate()


def ask(port, query):
    """The values that a query gives, none while Prometheus is not up."""
    url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
    except OSError:
        return []
    return [float(each["value"][1]) for each in found]


@pytest.mark.faults
@pytest.mark.integration
@pytest.mark.timeout(300)
def test_every_panel_has_data_while_the_demo_is_processed(settings, redis_client, tmp_path):
    redis_client.config_set("maxmemory", 1 << 30)
    addresses = harness.addresses_of(settings)
    harness.create_topics(settings)
    occupancy = OccupancyReader(settings, addresses)
    feeds = Metrics()
    registry = CollectorRegistry()
    registry.register(feeds.registry)
    with harness.supervised(settings, functools.partial(build_chain)) as supervisor:
        registry.register(WorkerMetrics(supervisor, DEFAULT_PUBLISHED, occupancy))
        with served("127.0.0.1:0", registry) as target, prometheus([target], tmp_path) as port:
            occupancy.start()
            feeds.show([FeedState(feed="f", fields={"read_at": "400000"}, now_s=1000.0)], waiting=5)
            assert harness.wait_for(lambda: ask(port, "sum(khabar_workers_alive)") == [1.0], 60)
            put_demo(settings, addresses)
            feeds.count({"read": 1, "new": 3, "sent": 2, "page_gone": 1})
            feeds.took("page", 0.2)
            done = "sum(khabar_events_total)"
            assert harness.wait_for(lambda: ask(port, done) == [len(demo_events())], 120)
            feeds.count({"read": 1, "new": 3, "sent": 2, "page_gone": 1})
            feeds.took("page", 0.2)
            missing = set(QUERIES)

            def all_there():
                for title, query in sorted(missing):
                    values = ask(port, as_prometheus_is_asked(query))
                    if not all(map(math.isnan, values)):  # NaN: nothing, divided by nothing
                        missing.remove((title, query))
                return not missing

            harness.wait_for(all_there, 60)
            occupancy.stop()
    redis_client.config_set("maxmemory", 0)
    assert missing == set()
