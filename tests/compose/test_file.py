"""What docker-compose.yml has to agree on with the code; whether it works is test_compose.py's to say."""

import re
from pathlib import Path

import pytest
import yaml

from workers.config import Settings, secret_files, variables
from workers.embedded.kafka_server import MESSAGE_MAX_BYTES
from workers.runtime.supervisor import GRACE_S

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
STAGES = ("boilerplate", "entities", "dedup")
LONG_RUNNING = (*STAGES, "feeds")

OBSERVE = yaml.safe_load((ROOT / "docker-compose.override.yml").read_text(encoding="utf-8"))["services"]
ALL = SERVICES | OBSERVE

services = pytest.mark.parametrize("name", ALL)


def test_every_variable_in_it_is_one_of_khabars():
    named = set(re.findall(r"^\s+(KHABAR_[A-Z_]+):", TEXT, re.MULTILINE))
    assert named >= {"KHABAR_KAFKA", "KHABAR_REDIS_FILE", "KHABAR_WORKERS"}
    assert named <= {name for name, _default, _about in variables()} | set(secret_files())


@services
def test_ports_are_open_on_the_own_machine_alone(name):
    ports = ALL[name].get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert bool(ports) == (name in {"kafka", "redis", "web", *OBSERVE})


def test_the_broker_takes_what_the_largest_topic_takes():
    environment = SERVICES["kafka"]["environment"]
    limits = [environment[f"KAFKA_{which}_MAX_BYTES"] for which in ("MESSAGE", "REPLICA_FETCH")]
    assert limits == [MESSAGE_MAX_BYTES] * 2


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_who_has_work_in_flight_is_given_longer_to_stop_than_the_drain_takes(name):
    grace_s = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
    assert grace_s > Settings().drain_timeout_s + GRACE_S + 5


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_runs_by_itself_and_is_judged_by_what_it_commits(name):
    assert SERVICES[name]["command"] == ["run", name]
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "khabar", "health", name]
    assert SERVICES[name]["restart"] == "unless-stopped"


@services
def test_every_service_is_held_to_what_it_needs(name):
    service = ALL[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()


@pytest.mark.parametrize(
    "name", [name for name in SERVICES if name not in {"kafka", "redis", "feeds", "web"}]
)
def test_what_reads_pages_of_strangers_has_no_way_out(name):
    assert SERVICES[name]["networks"] == ["inside"]
    assert yaml.safe_load(TEXT)["networks"]["inside"] == {"internal": True}


def test_images_of_others_are_pinned_to_a_version():
    images = {service["image"] for service in ALL.values() if "build" not in service}
    assert len(images) == 4
    assert all(re.search(r":v?[0-9]", image) for image in images)


def test_redis_throws_nothing_out_and_has_room_for_the_index():
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[2::2], command[3::2], strict=True))
    assert (options["--maxmemory-policy"], options["--appendonly"]) == ("noeviction", "yes")
    megabytes = int(re.search(r":-([0-9]+)mb", options["--maxmemory"])[1])
    assert megabytes << 20 > 1.5 * 390 * Settings().dedup_window
    limit = int(re.search(r":-([0-9]+)m", SERVICES["redis"]["mem_limit"])[1])
    assert limit > 2 * megabytes


def test_a_poller_only_reads_its_list():
    feeds = SERVICES["feeds"]
    (listed,) = [volume for volume in feeds["volumes"] if volume["type"] == "bind"]
    assert feeds["command"] == ["feeds", "run", listed["target"]]
    assert listed["read_only"] is True
    assert feeds["profiles"] == ["feeds"]
    assert feeds["healthcheck"]["test"] == ["CMD", "khabar", "health", "feeds"]


def test_the_chain_does_not_run_beside_the_stages():
    chain = yaml.safe_load((ROOT / "docker-compose.chain.yml").read_text(encoding="utf-8"))["services"]
    assert {name for name, service in chain.items() if service.get("profiles") == ["stages"]} == set(STAGES)
    assert chain["chain"]["command"] == ["run"]
    assert chain["chain"]["healthcheck"]["test"] == ["CMD", "khabar", "health"]


def test_the_wheel_of_the_image_holds_no_more_than_it_is_built_from():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == {
        "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "NOTICE", "schemas", "workers",
    }  # fmt: skip


def test_prometheus_and_grafana_come_by_their_profile_alone_and_read_what_is_committed():
    for service in OBSERVE.values():
        assert service["profiles"] == ["observe"]
        sources = [each.split(":")[0] for each in service["volumes"] if isinstance(each, str)]
        for source in sources:
            assert not source.startswith("./") or (ROOT / source).is_dir(), source


def test_prometheus_asks_every_service_that_has_metrics_and_no_port_of_theirs_is_open():
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    (asked,) = config["scrape_configs"][0]["dns_sd_configs"]
    for name in (*LONG_RUNNING, "web"):
        assert SERVICES[name]["environment"]["KHABAR_METRICS"] == f"0.0.0.0:{asked['port']}", name
    assert set(asked["names"]) == {*LONG_RUNNING, "web", "chain"}
    assert not any(str(asked["port"]) in str(service.get("ports")) for service in ALL.values())
