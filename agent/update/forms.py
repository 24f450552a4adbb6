"""The two ways a bundle is put in place and taken back: a Debian package by dpkg, an image by RAUC into the other slot. What to do when is installing.py's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from agent import __version__
from agent.errors import shown
from agent.store.folder import sync_folder
from agent.update import repack
from agent.update.machine import SERVICE, ToolError, boot_id, call, long_call
from agent.update.places import OwnFolder
from agent.update.progress import Progress, remove
from agent.update.trust import UpdateError
from contract.software import Form, order

PACKAGE: Final = "doorward"
_DPKG = ("dpkg", "--force-confdef", "--force-confold", "--force-downgrade", "--install")
UPDATER: Final = "/usr/lib/doorward/bin/doorward"
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_OFFLINE": "1"}
"""No question is asked, and no script of the package starts or stops anything: that is done here, once."""


class InstallWay(Protocol):
    """How one form of bundle is put in place. Methods that change the machine raise ToolError, and may be called again after a cut."""

    def running(self) -> str:
        """The version that is installed, or was booted."""

    def judge(self, version: str) -> None:
        """Raises UpdateError where the bundle is not this version of us."""

    def prepare(self) -> None:
        """All that the way back needs is durable afterwards."""

    def install(self, progress: Progress) -> None: ...

    def start(self, progress: Progress) -> bool:
        """The new one starts. False: with the machine, which goes down now."""

    def keep(self) -> None:
        """It has proved itself."""

    def go_back(self, progress: Progress) -> bool:
        """The one before runs again. False: it will after a boot, which begins now."""


class PackageWay:
    """A .deb on a Debian that was there before us."""

    def __init__(self, own: OwnFolder) -> None:
        self._own = own

    def running(self) -> str:
        return call("dpkg-query", "--show", "--showformat=${Version}", PACKAGE).strip()

    def judge(self, version: str) -> None:
        try:
            told = call("dpkg-deb", "--field", str(self._own.payload), "Package", "Version")
        except ToolError as error:
            raise UpdateError("wrong", str(error)) from None
        fields = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
        if fields.get("Package") != PACKAGE or fields.get("Version") != version:
            it_is = f"{fields.get('Package')} {fields.get('Version')}"
            raise UpdateError("wrong", f"the package is {shown(it_is)}, and {PACKAGE} {version} was signed")

    def prepare(self) -> None:
        repack.repack(PACKAGE, self._own.previous)

    def install(self, progress: Progress) -> None:
        self._dpkg(self._own.payload, progress.version)
        try:
            call(UPDATER, "apply-update", "--check")
        except ToolError as error:  # it would be the last update of this door
            raise ToolError(f"its updater does not run: {error}") from None

    def start(self, progress: Progress) -> bool:
        restart()
        return True

    def keep(self) -> None:
        """What dpkg installed stays."""

    def go_back(self, progress: Progress) -> bool:
        if self._is_whole(progress.before):
            remove(self._own.half)
            restart()
            return True
        try:
            self._dpkg(self._own.previous, progress.before)
        finally:
            restart()  # whichever it is: a door without its agent opens to nobody
        return True

    @staticmethod
    def _is_whole(version: str) -> bool:
        try:
            told = call("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", PACKAGE)
        except ToolError:
            return False
        return told.strip() == f"installed {version}"

    def _dpkg(self, package: Path, version: str) -> None:
        """What a cut leaves half done is under `half` until it is done: the next boot finishes it before the door's agent starts."""
        self._own.half.unlink(missing_ok=True)
        os.link(package, self._own.half)
        sync_folder(self._own.path)
        with suppress(ToolError):  # what is still wrong is said by the next
            long_call("dpkg", "--configure", "--pending", **_QUIET)
        long_call(*_DPKG, str(package), **_QUIET)
        if not self._is_whole(version):  # it may pass a package over, and call that well done
            raise ToolError(f"dpkg: {PACKAGE} {version} is not installed")
        remove(self._own.half)


class ImageWay:
    """A RAUC bundle into the slot that does not run; the boot loader counts tries."""

    def __init__(self, own: OwnFolder) -> None:
        self._own = own

    def running(self) -> str:
        return __version__

    def judge(self, version: str) -> None:
        try:
            call("rauc", "info", str(self._own.payload))
        except ToolError as error:
            raise UpdateError("wrong", str(error)) from None

    def prepare(self) -> None:
        """The slot that runs is the way back."""

    def install(self, progress: Progress) -> None:
        """Not where a cut came so late that the new one was booted: the other slot is the way back then."""
        if not self._is_new(progress):
            long_call("rauc", "install", str(self._own.payload))

    def start(self, progress: Progress) -> bool:
        return self._is_new(progress) or self._booted(progress)

    def keep(self) -> None:
        call("rauc", "status", "mark-good")

    def go_back(self, progress: Progress) -> bool:
        if order(self.running()) == order(progress.before):
            return True
        call("rauc", "status", "mark-bad")
        call("rauc", "status", "mark-active", "other")
        return self._booted(progress)

    def _is_new(self, progress: Progress) -> bool:
        return order(self.running()) == order(progress.version)

    def _booted(self, progress: Progress) -> bool:
        if progress.boot != boot_id():
            return True
        call("systemctl", "reboot")
        return False


WAYS: Final[Mapping[Form, type[PackageWay | ImageWay]]] = {Form.DEB: PackageWay, Form.RAUC: ImageWay}


def restart() -> None:
    """The agent anew. Whether it gets ready is for whoever watches."""
    with suppress(ToolError):
        call("systemctl", "daemon-reload")
    with suppress(ToolError):
        call("systemctl", "reset-failed", SERVICE)
    with suppress(ToolError):
        call("systemctl", "restart", SERVICE, limit_s=20.0)


def forms_here() -> frozenset[str]:
    """What can be installed on this machine: bundles on an image of ours, packages where we came as one."""
    if Path("/etc/rauc/system.conf").exists():
        return frozenset({Form.RAUC.value})
    return frozenset({Form.DEB.value} if Path(f"/var/lib/dpkg/info/{PACKAGE}.list").exists() else ())
