"""A Kafka and a Redis that let nobody in without a login or a certificate, for all tests of the folder."""

import shutil

import pytest

from tests.support.needs import needed
from tests.support.secured import Authority, secured_kafka, secured_redis
from workers.embedded.redis_server import find_redis_server


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    needed(shutil.which("openssl"), "certificates are made by the openssl command")
    return tmp_path_factory.mktemp("secured")


@pytest.fixture(scope="session")
def authority(folder):
    return Authority(folder / "authority")


@pytest.fixture(scope="session")
def kafka(folder, authority):
    with secured_kafka(folder / "kafka", authority) as running:
        yield running


@pytest.fixture(scope="session")
def redis_with_login(folder, authority):
    with secured_redis(folder / "redis", find_redis_server(None), authority, is_tls=False) as running:
        yield running
