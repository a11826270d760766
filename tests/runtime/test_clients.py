"""Client options, where services are found, and what is said when they are not."""

import socket
import ssl
import threading

import pytest
from kafka import errors

from workers.config import Settings
from workers.errors import ConfigError, TransientError
from workers.runtime import clients
from workers.runtime.clients import Addresses
from workers.topics import table

HERE = Addresses(("127.0.0.1:9092",))


def test_plain_settings_ask_for_no_security():
    options = clients.kafka_options(Settings(), HERE)
    assert options["security_protocol"] == "PLAINTEXT"
    assert not [name for name in options if name.startswith(("sasl", "ssl"))]


def test_sasl_and_tls_settings_reach_the_client():
    settings = Settings(
        kafka_security="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username="u",
        kafka_password="p",
    )
    options = clients.kafka_options(settings, HERE)
    expected = {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "u",
        "sasl_plain_password": "p",
    }
    assert options.items() >= expected.items()
    context = options["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_file_that_holds_no_certificate_is_named(tmp_path):
    empty = tmp_path / "ca.pem"
    empty.write_text("")
    settings = Settings(kafka_security="SSL", kafka_ca_file=str(empty))
    with pytest.raises(ConfigError, match=f"KHABAR_KAFKA_CA_FILE={empty}: no certificate can be read"):
        clients.kafka_options(settings, HERE)


def test_a_certificate_that_is_not_there_is_named():
    settings = Settings(kafka_security="SSL", kafka_ca_file="/nowhere/ca.pem")
    with pytest.raises(ConfigError, match=r"KHABAR_KAFKA_CA_FILE=/nowhere/ca\.pem: there is no such file"):
        clients.kafka_options(settings, HERE)


def test_a_producer_takes_the_largest_record_of_the_table():
    options = clients.producer_options(Settings(), HERE)
    assert options["max_request_size"] >= 34 << 20
    assert options["max_request_size"] > max(topic.max_message_bytes for topic in table().values())
    assert options["acks"] == "all"
    assert options["enable_idempotence"] is True


def test_a_consumer_sees_committed_records_only_and_commits_nothing_by_itself():
    options = clients.consumer_options(Settings(), HERE)
    assert options["isolation_level"] == "read_committed"
    assert options["enable_auto_commit"] is False


def test_configured_services_are_used_as_they_are():
    settings = Settings(kafka=("a:1", "b:2"), redis="redis://c:3/0")
    assert clients.resolve(settings) == Addresses(("a:1", "b:2"), "redis://c:3/0")


def test_redis_is_asked_for_only_by_those_who_need_it():
    with pytest.raises(ConfigError, match="No Redis to talk to: set KHABAR_REDIS"):
        Addresses(("a:1",)).redis_url()
    assert Addresses(("a:1",), "redis://b").redis_url() == "redis://b"


@pytest.mark.parametrize("make", [clients.producer, clients.consumer, clients.admin])
def test_a_closed_port_is_said_at_once_and_leaves_no_thread(make):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    before = threading.active_count()
    with pytest.raises(TransientError, match=rf"No Kafka answers: 127\.0\.0\.1:{port}: .*refused"):
        make(Settings(), Addresses((f"127.0.0.1:{port}",)))
    assert threading.active_count() == before


def test_a_port_that_is_no_broker_is_said_to_be_so():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(TransientError, match=f"No answer from Kafka at {address}"):
            clients.producer(Settings(), Addresses((address,)), bootstrap_timeout_ms=300)


@pytest.mark.parametrize(
    ("error", "becomes", "words"),
    [
        (errors.KafkaConnectionError("gone"), TransientError, r"127\.0\.0\.1:9092 is away.*gone"),
        (errors.SaslAuthenticationFailedError("no"), ConfigError, r"127\.0\.0\.1:9092 refuses"),
        (errors.TopicAuthorizationFailedError("no"), ConfigError, r"127\.0\.0\.1:9092 refuses"),
        (errors.UnknownTopicOrPartitionError("t"), ConfigError, "khabar topics create"),
        (errors.IllegalStateError("bug"), errors.IllegalStateError, "bug"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_are_told_apart_by_what_can_be_done(error, becomes, words):
    with pytest.raises(becomes, match=words), clients.speaking_to(HERE):
        raise error
