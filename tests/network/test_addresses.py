"""The guard knows every way to write an address inside the house."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from engine.errors import AddressRefused, NetworkError
from engine.network.addresses import checked_addresses, refusal

INSIDE = [
    "127.0.0.1", "127.255.0.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "::1", "fc00::1", "fd12:3456::1", "fec0::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "2002:7f00:1::", "2002:a00:1::1", "::ffff:0:7f00:1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "169.254.0.1", "fe80::1", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "239.1.1.1",
    "ff02::1", "255.255.255.255", "240.0.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.192",
    "fd00:ec2::254",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::",
]  # fmt: skip
NOT_PUBLIC = [
    "192.0.2.1",
    "198.51.100.7",
    "203.0.113.9",
    "198.18.0.1",
    "2001:db8::1",
    "2001:0:1::1",
    "64:ff9b:1::1",
]
PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_unless_private_networks_are_allowed(address: str) -> None:
    assert refusal(ip_address(address))
    assert refusal(ip_address(address), allow_private=True) == ""


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_refused_whatever_is_allowed(address: str) -> None:
    assert refusal(ip_address(address))
    assert refusal(ip_address(address), allow_private=True)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_documentation_and_tunnel_addresses_are_refused(address: str) -> None:
    assert refusal(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address: str) -> None:
    assert refusal(ip_address(address)) == ""


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "::1"])
def test_every_spelling_of_this_machine_is_refused_with_the_remedy(host: str) -> None:
    with pytest.raises(AddressRefused, match="not public") as caught:
        checked_addresses(host, 80)
    assert "allow_private_networks" in caught.value.help


def test_one_bad_address_among_good_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("10.0.0.7", 80))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.7"):
        checked_addresses("two-faced.example", 80)


def test_an_unknown_name_is_a_network_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError("no such name")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(NetworkError, match="not found"):
        checked_addresses("nowhere.invalid", 80)
