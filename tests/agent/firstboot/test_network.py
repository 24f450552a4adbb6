"""network.txt as people write it, and the files made from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.firstboot.network import Network, NetworkFaults, networkd, parse, supplicant
from tests.agent.cli.unit import ROOT

WHOLE = Network("street-office", "a long secret", "192.168.8.20/24", "192.168.8.1", ("192.168.8.1",), ("192.168.8.1",))


def test_the_example_on_the_partition_is_what_it_says() -> None:
    data = (ROOT / "packaging/image/people/network.example.txt").read_bytes()
    assert parse(data) == WHOLE
    assert parse(data.replace(b"\n", b"\r\n")) == WHOLE


@pytest.mark.parametrize(
    "data",
    [
        "无线＝八大湖\n密码：12345678\n",
        "﻿WiFi = 八大湖\r\nPassword=12345678\r\n".encode(),
        "wifi=八大湖\npassword=12345678".encode("gbk"),
        "wifi=八大湖\r\npassword=12345678\r\n".encode("utf-16"),
    ],
)
def test_as_office_computers_write_it(data: str | bytes) -> None:
    assert parse(data.encode() if isinstance(data, str) else data) == Network("八大湖", "12345678")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adress = 192.168.8.20/24", "network.txt:1: is none of wifi, password"),
        ("192.168.8.20/24", "network.txt:1: is none of"),
        ("address = 192.168.8.20", "network.txt:1: an address is written as"),
        ("address = 192.168.8.20/24\ngateway = 192.168.9.1", "not in the address's network"),
        ("gateway = 192.168.8.1", "a gateway without an address"),
        ("password = 12345678", "a password without wifi"),
        ("wifi = a\npassword = short", "network.txt:2: the password has 8 to 63"),
        ('wifi = a\npassword = 1234"5678', "network.txt:2: the password has 8 to 63"),
        ("wifi = a\nwifi = b", "network.txt:2: wifi is given twice"),
        ("dns = 1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5", "network.txt:1: dns is written as"),
        ("time = -x", "network.txt:1: time servers are"),
        ("#" * 5000, "larger than 4 KiB"),
    ],
)
def test_a_fault_is_one_line_with_its_place(text: str, said: str) -> None:
    with pytest.raises(NetworkFaults, match=said):
        parse(text.encode())


def test_a_fixed_address_for_networkd() -> None:
    wire = Network(address="192.168.8.20/24", gateway="192.168.8.1", dns=("192.168.8.1",), time=("ntp.example.cn",))
    assert networkd(wire).splitlines() == [
        "[Match]",
        "Type=ether",
        "",
        "[Network]",
        "Address=192.168.8.20/24",
        "Gateway=192.168.8.1",
        "DNS=192.168.8.1",
        "NTP=ntp.example.cn",
    ]
    assert "DHCP=yes" in networkd(Network(wifi="a", password="12345678"))
    assert "Type=wlan" in networkd(Network(wifi="a", password="12345678"))


def test_an_open_network_has_no_key() -> None:
    assert "key_mgmt=NONE" in supplicant(Network(wifi="guests"))


@given(st.text(), st.text(), st.text())
def test_nothing_in_a_name_password_or_address_is_obeyed(wifi: str, password: str, address: str) -> None:
    """A value never brings about a line of its own in either file."""
    try:
        network = parse(f"wifi = {wifi}\npassword = {password}\naddress = {address}".encode("utf-8", "replace"))
    except NetworkFaults:
        return
    assert len(supplicant(network).splitlines()) <= 7
    assert supplicant(network).count('"') in {0, 2}
    assert len(networkd(network).splitlines()) == 5


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except NetworkFaults as faults:
        lines = faults.lines
    else:
        return
    assert all("\n" not in line.en for line in lines)
