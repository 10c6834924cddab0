"""Which addresses count as those of the public internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given, strategies as st

from cdk_streamer_runtime.webhooks.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - it is refused
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.216.34",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::5db8:d822",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:5db8:d822::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%1",
        "fec0::1",
        "ff02::1",
        "",
        "localhost",
        "0x7f.1",
        "2130706433",
        "127.1",
        "1.1.1.1 ",
        "01.1.1.1",
    ],
)
def test_an_address_inside_is_not_public(address: str):
    assert is_public(address) is False


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::1"])
def test_an_address_of_the_internet_is_public(address: str):
    assert is_public(address) is True


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
@example(IPv4Address("169.254.169.254"))
def test_no_ipv4_address_is_public_that_python_knows_better(address: IPv4Address):
    assert not is_public(str(address)) or (address.is_global and not address.is_multicast)


ADDRESSES_OF_V6 = st.integers(0, 2**128 - 1) | st.integers(0, 2**125 - 1).map(
    lambda low: (1 << 125) | low  # 2000::/3
)


@given(ADDRESSES_OF_V6.map(IPv6Address))
def test_no_ipv6_address_is_public_that_python_knows_better(address: IPv6Address):
    carried = address.ipv4_mapped or address.sixtofour or address.teredo
    allowed = address.is_global and not address.is_multicast and not carried
    assert not is_public(str(address)) or allowed
