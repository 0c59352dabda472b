"""Internet addresses and the networks they are in."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def is_in_networks(address: str, networks: Iterable[str]) -> bool:
    """Whether an address is in one of the networks, given in CIDR form; nonsense is in none."""
    try:
        caller = ip_address(address)
        # A socket that listens on both families shows an IPv4 caller as ::ffff:a.b.c.d.
        caller = getattr(caller, "ipv4_mapped", None) or caller
        return any(caller in ip_network(network) for network in networks)
    except ValueError:
        return False


def client_address(request: HttpRequest) -> str:
    """Return the caller's address, past as many proxies as are our own."""
    depth: int = settings.TRUSTED_PROXY_COUNT
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    if depth and len(hops) >= depth:
        return hops[-depth]
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(address: str) -> str:
    """Return the network that one household or one rented machine has: 256 addresses, or a /48.

    An address that is none is returned as it is.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ip_network(f"{found}/{24 if found.version == 4 else 48}", strict=False))
