"""The table of addresses that are out in the public internet."""

import pytest

from webhooks.addresses import is_loopback, is_public


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
        *("126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255"),
        *("172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255"),
        *("198.20.0.0", "223.255.255.255", "168.63.129.15"),
        *("2000::1", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00::1"),
        *("3ffe::1", "2003::1", "3fff:1000::1", "2606:4700::5eff:1"),
    ],
)
def test_outside(address: str) -> None:
    assert is_public(address)
    assert not is_loopback(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0"),
        *("100.127.255.255", "127.0.0.0", "127.255.255.255", "169.254.0.0", "169.254.255.255"),
        *("172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0"),
        *("192.31.196.1", "192.52.193.1", "192.88.99.255", "192.168.0.0", "192.168.255.255"),
        *("192.175.48.1", "198.18.0.0", "198.19.255.255", "198.51.100.255", "203.0.113.255"),
        *("224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "1::", "1fff:ffff::", "4000::", "8000::1", "fc00::", "fdff::", "fe80::"),
        *("febf::", "fec0::", "feff::", "ff00::", "ff02::1", "2001::", "2001:1ff:ffff::"),
        *("2001:db8::", "2001:db8:ffff::", "2002::", "2002:ffff::", "3fff::", "3fff:fff::"),
        *("2620:4f:8000::", "64:ff9b::808:808", "100::", "5f00::"),
        *("2606:4700::5efe:808:808", "2606:4700::200:5efe:808:808", "2606:4700::100:5efe:1:1"),
        "2606:4700::1%eth0",
    ],
)
def test_inside(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["", "localhost", "1", "127.1", "0x7f.0.0.1", "01.1.1.1"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        is_public(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["::ffff:127.0.0.1", "::127.0.0.1", "0.0.0.0", "::", "8.8.8.8"])
def test_not_this_machine_in_plain_writing(address: str) -> None:
    assert not is_loopback(address)
