"""Which addresses are out in the public internet, and so may be sent to.

A table of our own: the standard library's `is_global` differs between versions, and calls some
addresses global that lead to an IPv4 address inside of them.
Source of the ranges: the IANA special-purpose address registries.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NOT_PUBLIC_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers' own, and some clouds' metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own services, public only in looks
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]

# Everything else is loopback, link-local, private, multicast, reserved, or an IPv4 address in
# disguise: ::/96, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48, fec0::/10, fc00::/7, 5f00::/16.
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
]
# An interface identifier that carries an IPv4 address (ISATAP), its two bits of scope left out.
_ISATAP, _WITHOUT_SCOPE = 0x00005EFE, 0xFCFFFFFF


def is_public(address: str) -> bool:
    """Whether an address leads out into the internet; raises ValueError for what is no address."""
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC_V4)
    return _is_public_v6(found)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _PUBLIC_V6:
        return False
    if (int(address) >> 32) & _WITHOUT_SCOPE == _ISATAP:
        return False
    return not any(address in network for network in _NOT_PUBLIC_V6)


def is_loopback(address: str) -> bool:
    """Whether an address, written plainly, is this machine."""
    found = ip_address(address)
    return found in IPv4Network("127.0.0.0/8") or found == IPv6Address("::1")
