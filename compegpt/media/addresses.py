"""Which hosts may be reached: public ones in the one usual spelling; and the transport that reaches no other.

`ipaddress` alone lets the addresses through that lead inside by a detour: 6to4, relays, a cloud's own services.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence

import httpx

from compegpt.errors import InputError
from compegpt.threads import in_thread

LOOKUP_SECONDS = 5.0
_MAX_ADDRESSES = 3
"""Addresses of one host that are tried while none can be connected to."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, for a port; raises OSError where there are none."""

_OUTSIDE = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given to the public; mapped, translated, local and multicast addresses lie elsewhere."""
_INSIDE = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3",
    "168.63.129.16/32",  # Azure's services for the machine itself, at a public number
    "2001::/23",  # Teredo, ORCHID and other protocol assignments
    "2001:db8::/32", "2002::/16", "3fff::/20",
)))
_PRIVATE_ENDINGS = frozenset(("localhost", "localdomain", "local", "internal", "intranet", "lan", "corp", "home",
                              "private", "arpa"))
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})+\Z", re.ASCII)
_NUMBER = re.compile(r"(\d+|0x[0-9a-f]*)\Z", re.ASCII)


def is_public(address: str) -> bool:
    """Whether this IPv4 or IPv6 address, in its usual spelling, is one of the public internet."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (found.scope_id is not None or found not in _OUTSIDE):
        return False
    return found.is_global and not any(found in network for network in _INSIDE)


async def lookup(host: str, port: int) -> list[str]:
    """All addresses the system's resolver gives for a name, best first. Raises OSError where it gives none."""
    rows = await in_thread(socket.getaddrinfo, host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def shown_url(url: httpx.URL) -> str:
    """The address for a message: scheme and host only, since the rest may hold secrets."""
    host = url.raw_host.decode("ascii")[:80]
    host = f"[{host}]" if ":" in host else host
    return f"{url.scheme[:20]}://{host}" + ("" if url.raw_path in (b"", b"/") else "/...")


class Guarded(httpx.AsyncBaseTransport):
    """Sends each request to a public address that it looked up and checked itself, else raises InputError.

    Redirects are the client's: each hop passes through here again. A client must have `trust_env=False`, so that no
    proxy of the environment takes this transport's place.
    """

    def __init__(self, resolve: Resolve = lookup, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._resolve = resolve
        # no connection is used twice: one that was opened for another name at this address vouches for that name only
        self._inner = inner or httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = _checked(request.url)
        addresses = [host] if is_public(host) else await self._addresses(request.url, host)
        failure: httpx.TransportError | None = None
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                return await self._inner.handle_async_request(_pinned(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _addresses(self, url: httpx.URL, host: str) -> list[str]:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = list(await self._resolve(host, port))
        except OSError as error:  # TimeoutError is one
            raise InputError(f"The host of '{shown_url(url)}' cannot be looked up; check the address and the "
                             "connection.") from error
        if not found:
            raise InputError(f"The host of '{shown_url(url)}' has no address; check its name.")
        if not all(map(is_public, found)):
            raise _inside(shown_url(url))
        return found


def _pinned(request: httpx.Request, host: str, address: str) -> httpx.Request:
    """The request to the address, still with the name in `Host` and in TLS."""
    headers = httpx.Headers([(name, value) for name, value in request.headers.raw if name.lower() != b"host"])
    headers["Host"] = request.url.netloc.decode("ascii")
    return httpx.Request(request.method, request.url.copy_with(host=address), headers=headers, stream=request.stream,
                         extensions={**request.extensions, "sni_hostname": host})


def _checked(url: httpx.URL) -> str:
    """The host to look up. Raises InputError for a scheme, a user, a port or a host that is not for us."""
    shown = shown_url(url)
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise InputError(f"'{shown}' is not an address that can be fetched; give one that starts with https://.")
    if url.userinfo:
        raise InputError(f"The address '{shown}' carries a name or password; give one without.")
    if url.port is not None and url.port not in (80, 443) and not 1024 <= url.port <= 65535:
        raise InputError(f"'{shown}' names port {url.port}; only the ports 80, 443 and 1024 to 65535 are fetched from.")
    return _checked_host(url.raw_host.decode("ascii"), shown)


def _checked_host(host: str, shown: str) -> str:
    """The host in lower case without a last dot: a public address, or a name that may have public addresses.

    Raises InputError, with the address as `shown`, for every other host and for any odd spelling of a number.
    """
    name = host.lower().removesuffix(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return _checked_name(name, shown)
    if not is_public(name):
        raise _inside(shown)
    return name


def _checked_name(name: str, shown: str) -> str:
    ending = name.rpartition(".")[2]
    if _NUMBER.match(ending) or not re.fullmatch(r"[a-z0-9._-]+", name):
        raise InputError(f"'{shown}' has a host in an odd spelling; write its name, or its number like 93.184.215.14.")
    if "." not in name or ending in _PRIVATE_ENDINGS:
        raise _inside(shown)
    if not _NAME.match(name):
        raise InputError(f"'{shown}' has no host that can exist; check the address.")
    return name


def _inside(shown: str) -> InputError:
    """The refusal of an address that is not public."""
    return InputError(f"'{shown}' is an address inside a network; only public addresses are fetched.")
