"""Which addresses are asked: before a request, after a redirect, and at connect time."""

import socket

import pytest
from aiohttp.abc import AbstractResolver

from workers.feeds.fetch import Allowed, FetchOptions, HttpFetcher
from workers.feeds.fetch.addresses import ForbiddenAddressError, connector, literal
from workers.feeds.model import Fault, FeedError

FORBIDDEN = [
    "127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "0.0.0.0", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "::1", "::", "fe80::1", "fe80::1%1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1.1.1.1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
    "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_public_is_not_allowed(address):
    assert not Allowed().has_address(address)
    assert Allowed(private=True).has_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address):
    assert Allowed().has_address(address)


def test_a_network_that_is_named_is_allowed_and_none_beside_it():
    allowed = Allowed(networks=("10.1.0.0/16", "fd00::/8"))
    assert [allowed.has_address(each) for each in ("10.1.2.3", "10.2.0.1", "fd00::1", "fe80::1")] == [
        True, False, True, False,
    ]  # fmt: skip
    assert allowed.has_address("::ffff:10.1.2.3")


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("10.1", "10.0.0.1"),
        ("::1", "::1"),
        ("news.example", None),
        ("1.news.example", None),
        ("\u0661\u0662\u0667.1", None),  # ARABIC-INDIC DIGITS: no resolver takes them for an address
    ],
)
def test_an_address_is_known_in_the_spellings_that_the_system_takes(written, address):
    assert literal(written) == address


class Answering(AbstractResolver):
    """Gives the next list of addresses each time it is asked: a name server that changes its mind."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    async def resolve(self, host, port=0, family=socket.AF_INET):
        addresses = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            {"hostname": host, "host": each, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for each in addresses
        ]

    async def close(self):
        pass


async def fault(url, *, resolver=None, options=None):
    async with HttpFetcher(options, resolver=resolver) as fetcher:
        with pytest.raises(FeedError) as caught:
            await fetcher.get(url, obey_robots=False)
    return caught.value


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"]
)
async def test_a_literal_address_of_this_machine_is_refused_and_never_asked(site, host):
    before = len(site.requests)
    error = await fault(f"http://{host}:{site.ports[0]}/rss.xml")
    assert error.fault is Fault.FORBIDDEN_ADDRESS
    assert "allow_private" in str(error)
    assert len(site.requests) == before


async def test_a_name_that_resolves_to_this_machine_is_refused(site):
    before = len(site.requests)
    error = await fault(f"http://news.example:{site.ports[0]}/rss.xml", resolver=Answering(["127.0.0.1"]))
    assert error.fault is Fault.FORBIDDEN_ADDRESS
    assert "news.example (127.0.0.1)" in str(error)
    assert (await fault(f"http://localhost:{site.ports[0]}/")).fault is Fault.FORBIDDEN_ADDRESS
    assert len(site.requests) == before


async def test_a_name_that_changes_its_address_is_refused_when_it_does(site, options):
    """DNS rebinding: the answer that is checked is the one that is connected to, for each connection anew."""
    resolver = Answering(["127.0.0.1"], ["10.0.0.1"])
    async with HttpFetcher(options, resolver=resolver) as fetcher:
        first = f"http://news.example:{site.ports[0]}/rss.xml"
        assert (await fetcher.get(first, obey_robots=False)).status == 200
        with pytest.raises(FeedError) as caught:
            await fetcher.get(f"http://news.example:{site.ports[1]}/rss.xml", obey_robots=False)
    assert caught.value.fault is Fault.FORBIDDEN_ADDRESS
    assert resolver.asked == 2


async def test_of_the_addresses_of_a_name_only_allowed_ones_are_connected_to(site, options):
    resolver = Answering(["10.0.0.1", "127.0.0.1", "192.168.0.1"])
    async with HttpFetcher(options, resolver=resolver) as fetcher:
        answer = await fetcher.get(f"http://news.example:{site.ports[0]}/rss.xml", obey_robots=False)
    assert answer.status == 200


async def test_the_socket_itself_is_refused_whatever_resolved_the_name():
    made = connector(Allowed(), None)
    try:
        for family, address in ((socket.AF_INET, ("127.0.0.1", 80)), (socket.AF_INET6, ("::1", 80, 0, 0))):
            with pytest.raises(ForbiddenAddressError):
                made._socket_factory((family, socket.SOCK_STREAM, 0, "", address))
    finally:
        await made.close()


@pytest.mark.parametrize("path", ["/to-private.xml", "/to-file.xml"])
async def test_a_redirect_out_of_the_public_web_is_not_followed(options, site, path):
    error = await fault(site.url(path), options=options)
    assert error.fault in {Fault.FORBIDDEN_ADDRESS, Fault.FORBIDDEN_SCHEME}
    assert error.url == site.url(path)
    assert any(target in str(error) for target in ("10.0.0.1", "file:///etc/passwd"))


async def test_a_host_that_is_allowed_by_name_is_asked_and_no_other_at_its_address(site):

    options = FetchOptions(allowed=Allowed(hosts=frozenset({"intranet.example"})))
    resolver = Answering(["127.0.0.1"])
    async with HttpFetcher(options, resolver=resolver) as fetcher:
        url = f"http://Intranet.example.:{site.ports[0]}/rss.xml"
        assert (await fetcher.get(url, obey_robots=False)).status == 200
    error = await fault(f"http://other.example:{site.ports[0]}/", resolver=resolver, options=options)
    assert error.fault is Fault.FORBIDDEN_ADDRESS


async def test_proxies_of_the_environment_are_not_used(site, options, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with HttpFetcher(options) as fetcher:
        assert (await fetcher.get(site.url("/rss.xml"))).status == 200
