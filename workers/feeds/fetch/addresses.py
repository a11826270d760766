"""Which addresses may be connected to. What is checked is what is connected to: a name is resolved once.

The resolver leaves forbidden addresses out of a name's, and the socket factory refuses whatever is left, literal
addresses too, so that no later change of aiohttp opens a way around.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

Address = IPv4Address | IPv6Address

_NAT64: Final = ip_network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE: Final = ip_network("::/96")  # RFC 4291, section 2.5.5.1
_NOT_GLOBAL: Final = (
    ip_network("192.0.0.0/24"),  # RFC 6890, of which Python 3.11.7 knows a part
    ip_network("64:ff9b:1::/48"),  # RFC 8215, for translation within a site
    ip_network("fec0::/10"),  # RFC 3879, the former site-local addresses
    ip_network("2001::/32"),  # RFC 4380, Teredo: an IPv4 address of anybody's choice inside
    ip_network("5f00::/16"),  # RFC 9602, segment identifiers
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be asked though it is not on the public Internet: nothing, unless it is named.

    `hosts` are names in small letters; whatever they resolve to is allowed.
    """

    networks: tuple[str, ...] = ()
    hosts: frozenset[str] = field(default_factory=frozenset)
    private: bool = False

    def has_host(self, host: str) -> bool:
        return self.private or host.lower().rstrip(".") in self.hosts

    def has_address(self, address: str) -> bool:
        """Whether it is public, or in one of the networks; of an address with another one inside, both count."""
        if self.private:
            return True
        outer = ip_address(address)
        networks = [ip_network(network, strict=False) for network in self.networks]
        if any(outer in network for network in networks):
            return True
        inner = _inner(outer)
        if inner is not None:
            return _is_public(inner) or any(inner in network for network in networks)
        return _is_public(outer)


class ForbiddenAddressError(Exception):
    """A host that is not to be asked. No OSError: aiohttp would go on with the next address."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(host, address)
        self.host = host
        self.address = address


def literal(host: str) -> str | None:
    """The address that a host is, also in the spellings that the system takes: 2130706433, 0x7f.1, 127.1."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None


class GuardedResolver(AbstractResolver):
    """Names to those of their addresses that are allowed. Raises ForbiddenAddressError when there is none."""

    def __init__(self, allowed: Allowed, resolver: AbstractResolver) -> None:
        self._allowed = allowed
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        kept = [each for each in found if self._allowed.has_address(each["host"])]
        if found and not kept:
            raise ForbiddenAddressError(host, found[0]["host"])
        return kept

    async def close(self) -> None:
        await self._resolver.close()


def connector(allowed: Allowed, resolver: AbstractResolver | None) -> aiohttp.TCPConnector:
    """Connections to allowed addresses only. Names are not cached: the system's resolver does that."""

    def guarded_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, (address, *_rest) = info
        if not allowed.has_address(str(address)):
            raise ForbiddenAddressError(str(address), str(address))
        return socket.socket(family, kind, protocol)

    guarded = GuardedResolver(allowed, resolver or aiohttp.ThreadedResolver())
    return aiohttp.TCPConnector(resolver=guarded, use_dns_cache=False, socket_factory=guarded_socket, limit=0)


def _is_public(address: Address) -> bool:
    """Neither private, loopback, link-local, shared (100.64/10), documentation, reserved, multicast nor unspecified."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not _within(address, _NOT_GLOBAL)


def _inner(address: Address) -> IPv4Address | None:
    """The IPv4 address that packets to this IPv6 address end at."""
    if isinstance(address, IPv4Address):
        return None
    if _within(address, (_NAT64, _COMPATIBLE)):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _within(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)
