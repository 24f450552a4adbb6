"""`network.txt`: how the box gets onto the network, in lines of `name = value`, and the files of systemd-networkd and wpa_supplicant made from it.

    wifi = street-office
    password = a long secret
    address = 192.168.8.20/24
    gateway = 192.168.8.1
    dns = 192.168.8.1
    time = 192.168.8.1

Each line may be left out; without `address` the network says it (DHCP). The Chinese names and signs of each are taken too.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable

from agent.firstboot.said import Remark, wrong
from contract.frozen import frozen

KEPT = "network.txt"
"""Beside the configuration: what was taken, so that the box is on the network without the partition too."""
_NAMES = {
    "wifi": "wifi", "无线": "wifi", "无线网络": "wifi", "password": "password", "密码": "password",
    "address": "address", "地址": "address", "gateway": "gateway", "网关": "gateway",
    "dns": "dns", "域名服务器": "dns", "time": "time", "时间服务器": "time",
}  # fmt: skip
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_MAX_BYTES = 4096
_MAX_SERVERS = 4


@frozen
class Network:
    """`wifi`: the network's name, "" for a wire. `address`: with its length, as 192.168.8.20/24; "" asks the network."""

    wifi: str = ""
    password: str = ""
    address: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()
    time: tuple[str, ...] = ()


class NetworkFaults(Exception):  # noqa: N818  # it holds several
    """Everything that is wrong with it, a line each."""

    def __init__(self, *lines: Remark) -> None:
        super().__init__("\n".join(line.en for line in lines))
        self.lines = lines


def parse(data: bytes) -> Network:
    """Raises NetworkFaults."""
    if len(data) > _MAX_BYTES:
        raise NetworkFaults(wrong("network.txt：文件过大", "network.txt: is larger than 4 KiB"))
    given: dict[str, str] = {}
    faults: list[Remark] = []
    for number, raw in enumerate(_text(data).splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, sign, value = _split(line)
        place = f"network.txt:{number}"
        if not sign or name not in _NAMES:
            known = "wifi, password, address, gateway, dns, time"
            faults.append(wrong(f"{place}：不认识这一行；可用：{known}", f"{place}: is none of {known}"))
        elif _NAMES[name] in given:
            faults.append(wrong(f"{place}：{name} 出现两次", f"{place}: {name} is given twice"))
        else:
            given[_NAMES[name]] = value
            faults += [wrong(f"{place}：{zh}", f"{place}: {en}") for zh, en in _faults_of(_NAMES[name], value)]
    if not faults:
        faults += [wrong(f"network.txt：{zh}", f"network.txt: {en}") for zh, en in _together(given)]
    if faults:
        raise NetworkFaults(*faults)
    lists = {name: tuple(_words(given.pop(name, ""))) for name in ("dns", "time")}
    return Network(**given, **lists)  # type: ignore[arg-type]  # the six names are its fields


def networkd(network: Network) -> str:
    """A .network file for systemd-networkd, ahead of the one that asks for an address on every wire."""
    lines = ["[Match]", "Type=wlan" if network.wifi else "Type=ether", "", "[Network]"]
    lines += [f"Address={network.address}"] if network.address else ["DHCP=yes"]
    lines += [f"Gateway={network.gateway}"] if network.gateway else []
    lines += [f"DNS={server}" for server in network.dns] + [f"NTP={server}" for server in network.time]
    return "\n".join([*lines, ""])


def supplicant(network: Network) -> str:
    """wpa_supplicant's file. Name and password in hex, or as a quoted text that holds no quote: nothing in them is obeyed."""
    name = network.wifi.encode().hex()
    key = [f'psk="{network.password}"', "key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE", "ieee80211w=1"]
    inside = [f"ssid={name}", "scan_ssid=1", *(key if network.password else ["key_mgmt=NONE"])]
    return "\n".join(["network={", *(f"  {line}" for line in inside), "}", ""])


def _text(data: bytes) -> str:
    """As office computers write it: UTF-8, UTF-16 with its mark, or GBK."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gbk", "replace")


def _split(line: str) -> tuple[str, str, str]:
    name, sign, value = re.sub(r"[=:＝：]", "=", line, count=1).partition("=")
    return unicodedata.normalize("NFKC", name).strip().lower(), sign, value.strip()


def _words(value: str) -> list[str]:
    return re.sub("[,，、]", " ", value).split()


def _faults_of(name: str, value: str) -> list[tuple[str, str]]:
    return [] if _FITS[name](value) else [_WHY[name]]


def _is_wifi(value: str) -> bool:
    return 1 <= len(value.encode()) <= 32 and value.isprintable()


def _is_password(value: str) -> bool:
    return 8 <= len(value) <= 63 and value.isascii() and value.isprintable() and '"' not in value


def _is_interface(value: str) -> bool:
    try:
        return "/" in value and not ipaddress.ip_interface(value).ip.is_unspecified
    except ValueError:
        return False


def _is_address(value: str) -> bool:
    try:
        return not ipaddress.ip_address(value).is_unspecified
    except ValueError:
        return False


_FITS: dict[str, Callable[[str], bool]] = {
    "wifi": _is_wifi,
    "password": _is_password,
    "address": _is_interface,
    "gateway": _is_address,
    "dns": lambda value: 1 <= len(_words(value)) <= _MAX_SERVERS and all(map(_is_address, _words(value))),
    "time": lambda value: 1 <= len(_words(value)) <= _MAX_SERVERS and all(map(_HOST.fullmatch, _words(value))),
}
_WHY = {
    "wifi": ("无线网络名称为 1 至 32 个字节", "a Wi-Fi network's name has 1 to 32 bytes"),
    "password": ("密码为 8 至 63 个英文字符，不含引号", "the password has 8 to 63 ASCII characters and no quote"),
    "address": ("地址写成 192.168.8.20/24", "an address is written as 192.168.8.20/24"),
    "gateway": ("网关写成 192.168.8.1", "a gateway is written as 192.168.8.1"),
    "dns": ("dns 写成 192.168.8.1，最多 4 个", "dns is written as 192.168.8.1, at most 4 of them"),
    "time": ("时间服务器写成名称或地址，最多 4 个", "time servers are names or addresses, at most 4"),
}


def _together(given: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    if "password" in given and "wifi" not in given:
        found.append(("有密码，没有 wifi", "a password without wifi"))
    if "gateway" in given and "address" not in given:
        found.append(("有网关，没有地址", "a gateway without an address"))
    if "gateway" in given and "address" in given:
        interface, gateway = ipaddress.ip_interface(given["address"]), ipaddress.ip_address(given["gateway"])
        if gateway not in interface.network or gateway == interface.ip:
            text = f"{gateway}, {interface.network}"
            found.append((f"网关不在地址所在的网段：{text}", f"the gateway is not in the address's network: {text}"))
    return found
