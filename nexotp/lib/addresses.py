"""Internet addresses and the networks they are in."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network


def is_in_networks(address: str, networks: Iterable[str]) -> bool:
    """Whether an address is in one of the networks, given in CIDR form; nonsense is in none."""
    try:
        caller = ip_address(address)
        # A socket that listens on both families shows an IPv4 caller as ::ffff:a.b.c.d.
        caller = getattr(caller, "ipv4_mapped", None) or caller
        return any(caller in ip_network(network) for network in networks)
    except ValueError:
        return False
