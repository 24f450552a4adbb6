"""The user that the service runs as, where the package made one, and what it may: `doorward check` is called by root or by an installer."""

from __future__ import annotations

import grp
import os
import pwd

from agent.words import _

SERVICE_USER = "doorward"


def service_may_not(status: os.stat_result) -> str | None:
    """Root may use anything; the service runs as a user of its own, where the package made one."""
    user = service_user()
    if user is None or can(user, status, 0o6):
        return None
    return _("may not be used by the service: usermod -aG {group} {user}").format(
        group=group_of(status.st_gid), user=SERVICE_USER
    )


def service_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return None


def can(user: pwd.struct_passwd, status: os.stat_result, rights: int) -> bool:
    """Whether `user` has all of `rights` (as in a mode's last digit) to what has this status."""
    members = {user.pw_gid, *(entry.gr_gid for entry in grp.getgrall() if SERVICE_USER in entry.gr_mem)}
    shares = ((6, status.st_uid == user.pw_uid), (3, status.st_gid in members), (0, True))
    return any(has and status.st_mode >> shift & rights == rights for shift, has in shares)


def group_of(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def this_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
