"""What the core knows, as frozen values. Mappings in here are never changed in place: each step makes new ones, so old states stay valid. Each part beside it is its owner's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agent.core.events.store import StateLoaded
from agent.core.plan import UnitPlan
from agent.core.state.acceptance import AcceptanceState
from agent.core.state.asking import Asking
from agent.core.state.care import Care, Help, Said
from agent.core.state.commands import Commands
from agent.core.state.desired import DesiredState
from agent.core.state.door import Door
from agent.core.state.health import Health, LinkState
from agent.core.state.meters import Meter
from agent.core.state.panel import NoticeBoard, Screen
from agent.core.state.people import Access, Late, ScreenAnswer, TypedKeys
from agent.core.state.rounds import Rounds
from agent.core.state.software import SoftwareState
from agent.core.state.sync import Sync, Timekeeping
from agent.core.time import Now
from agent.core.weekly import Times
from contract.frozen import frozen
from contract.people import Duty


@frozen
class State:
    plan: UnitPlan
    now: Now
    doors: tuple[Door, ...]
    screens: tuple[Screen, ...]
    session: str = ""
    door_only_until: float | None = None
    """After three crashes (rule D11), until then, monotonic: neither link nor calendar nor anything of the centre's."""
    unread: tuple[StateLoaded, ...] = ()
    """What the cache gave meanwhile: a text in it may be what crashed us."""
    thread_lost: bool = False
    """Store or link are gone since; the agent starts anew when that is over."""
    stopping: bool = False
    lockdown_known: bool = True
    """Whether a lockdown of before this start is known: by its own file, or by the journal."""
    latch_due: float | None = None
    """When doors whose fire latch is not known are decided by what their locks read; None where all are known."""
    times: Mapping[str, Times] = field(default_factory=dict)
    """By door, where settings give it any."""
    schedule_due: float | None = None
    """When schedules are to be asked again, monotonic."""
    counter: int = 0
    """Last number given to an order, a token or a page."""
    answer: ScreenAnswer | None = None
    entries: Mapping[str, TypedKeys] = field(default_factory=dict)
    """By reader, the last one used last."""
    late: Mapping[str, Late] = field(default_factory=dict)
    """By reader."""
    access: Access = field(default_factory=Access)
    asking: Asking = field(default_factory=Asking)
    rounds: Rounds = Rounds()
    care: Care = field(default_factory=Care)
    meters: Mapping[str, Meter] = field(default_factory=dict)
    """By device."""
    help: Help | None = None
    said: Said | None = None
    board: NoticeBoard = field(default_factory=NoticeBoard)
    desired: DesiredState = field(default_factory=DesiredState)
    commands: Commands = field(default_factory=Commands)
    sync: Sync = field(default_factory=Sync)
    timekeeping: Timekeeping = field(default_factory=Timekeeping)
    health: Health = field(default_factory=Health)
    software: SoftwareState = field(default_factory=SoftwareState)
    connected: bool = False
    """The link was told to start."""
    link: LinkState = field(default_factory=LinkState)
    no_link: str = ""
    """Why there is no link, where there is none."""
    enrolment_pending: bool = False
    """The centre has not shown yet that it has this unit's key."""
    identified: bool = True
    """There is an identity: without one no card opens and no centre is reached."""
    acceptance: AcceptanceState = AcceptanceState()
    language: str = "zh-CN"
    timezone: str = ""
    enlarged: bool = False
    """Settings ask for large letters: on displays that can."""
    sign: Mapping[str, str] = field(default_factory=dict)
    duty: tuple[Duty, ...] = ()
    """Who is on duty when, in place of the sign's worker and phone."""

    @property
    def door_only(self) -> bool:
        return self.door_only_until is not None
