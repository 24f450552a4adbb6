"""What happened at doors and to devices, as sentences for a clerk."""

from __future__ import annotations

from centre import shown
from centre.sentences import DENIALS, MODES, TIMINGS, VIAS, Sentence, beside, named, says
from centre.words import _
from contract import facts


@says(facts.AccessGranted)
def _granted(fact: facts.AccessGranted) -> Sentence:
    words = _("door {door}: opened by {via}").format(door=fact.door, via=named(VIAS, fact.via))
    return Sentence(beside(words, fact.by or fact.visitor))


@says(facts.AccessDenied)
def _denied(fact: facts.AccessDenied) -> Sentence:
    words = _("door {door}: not opened by {via}: {reason}")
    given = {"door": fact.door, "via": named(VIAS, fact.via), "reason": named(DENIALS, fact.reason)}
    return Sentence(beside(words.format(**given), fact.by or fact.visitor), "look")


@says(facts.AccessLockedOut)
def _locked_out(fact: facts.AccessLockedOut) -> Sentence:
    return Sentence(_("door {door}: too many wrong codes, the keypad waits").format(door=fact.door), "look")


@says(facts.AccessLate)
def _late(fact: facts.AccessLate) -> Sentence:
    words = _("reader {device}: {count} cards or keys came too late to count: shown again they do")
    return Sentence(words.format(device=shown.plain(fact.device), count=fact.count), "look")


@says(facts.VisitorUsed)
def _visitor(fact: facts.VisitorUsed) -> Sentence:
    words = _("door {door}: visitor's code {serial} of {day} was used")
    return Sentence(words.format(door=fact.door, serial=fact.serial, day=shown.plain(fact.day)))


@says(facts.AccessDuress)
def _duress(fact: facts.AccessDuress) -> Sentence:
    return Sentence(beside(_("door {door}: somebody was made to open").format(door=fact.door), fact.by), "urgent")


@says(facts.DoorOpened)
def _opened(fact: facts.DoorOpened) -> Sentence:
    return Sentence(beside(_("door {door}: pushed open").format(door=fact.door), fact.detail))


@says(facts.DoorClosed)
def _closed(fact: facts.DoorClosed) -> Sentence:
    if fact.open_s is None:
        return Sentence(_("door {door}: closed").format(door=fact.door))
    return Sentence(_("door {door}: closed after {seconds:.0f} s").format(door=fact.door, seconds=fact.open_s))


@says(facts.DoorForced)
def _forced(fact: facts.DoorForced) -> Sentence:
    return Sentence(
        beside(_("door {door}: opened, and nobody had been let in").format(door=fact.door), fact.detail), "urgent"
    )


@says(facts.DoorHeld)
def _held(fact: facts.DoorHeld) -> Sentence:
    return Sentence(
        beside(_("door {door}: open for longer than it may be").format(door=fact.door), fact.detail), "look"
    )


@says(facts.DoorNoEntry)
def _no_entry(fact: facts.DoorNoEntry) -> Sentence:
    if fact.detail is not None:
        words = _("door {door}: somebody was let in, and it did not unlock").format(door=fact.door)
        return Sentence(beside(words, fact.by), "look")
    return Sentence(beside(_("door {door}: unlocked, and nobody came").format(door=fact.door), fact.by))


@says(facts.DoorFireRelease)
def _fire(fact: facts.DoorFireRelease) -> Sentence:
    return Sentence(beside(_("door {door}: released by fire").format(door=fact.door), fact.detail), "urgent")


@says(facts.DoorFireReset)
def _fire_reset(fact: facts.DoorFireReset) -> Sentence:
    return Sentence(beside(_("door {door}: locks again after the release by fire").format(door=fact.door), fact.by))


@says(facts.DoorMode)
def _mode(fact: facts.DoorMode) -> Sentence:
    words = _("door {door}: now {mode}").format(door=fact.door, mode=named(MODES, fact.mode))
    return Sentence(beside(words, fact.detail), "look" if fact.mode == "lockdown" else "")


# --- people


@says(facts.ReportFiled)
def _report(fact: facts.ReportFiled) -> Sentence:
    return Sentence(beside(_("door {door}: report {code} filed").format(door=fact.door, code=fact.code), fact.room))


@says(facts.AskAnswered)
def _answered(fact: facts.AskAnswered) -> Sentence:
    return Sentence(_("door {door}: a question was answered").format(door=fact.door))


@says(facts.PatrolCheckin)
def _checkin(fact: facts.PatrolCheckin) -> Sentence:
    words = _("door {door}: {by} checked in").format(door=fact.stop, by=fact.by)
    return Sentence(beside(words, None if fact.timing is None else named(TIMINGS, fact.timing)))


@says(facts.PatrolMissed)
def _missed(fact: facts.PatrolMissed) -> Sentence:
    return Sentence(_("door {door}: nobody came for round {round}").format(door=fact.stop, round=fact.round), "look")


@says(facts.PatrolCompleted)
def _completed(fact: facts.PatrolCompleted) -> Sentence:
    return Sentence(_("round {round} of {day} is complete").format(round=fact.round, day=fact.day), "well")


@says(facts.PatrolNotSaved)
def _not_saved(fact: facts.PatrolNotSaved) -> Sentence:
    return Sentence(_("door {door}: a check-in of {by} was not saved").format(door=fact.stop, by=fact.by), "look")


@says(facts.PatrolUntold)
def _untold(fact: facts.PatrolUntold) -> Sentence:
    words = _("door {door}: whether {by} was told that the check-in counts is not known; it counts")
    return Sentence(words.format(door=fact.stop, by=fact.by))


@says(facts.CareSilent)
def _silent(fact: facts.CareSilent) -> Sentence:
    return Sentence(beside(_("a watched household has shown no sign for long"), fact.room or fact.holder), "urgent")


@says(facts.CareSeen)
def _seen(fact: facts.CareSeen) -> Sentence:
    return Sentence(beside(_("a watched household showed itself again"), fact.holder), "well")


@says(facts.HelpCalled)
def _help(fact: facts.HelpCalled) -> Sentence:
    words = _("help was called") if fact.door is None else _("door {door}: help was called").format(door=fact.door)
    return Sentence(words, "urgent")


# --- devices


@says(facts.DeviceLost)
def _lost(fact: facts.DeviceLost) -> Sentence:
    return Sentence(beside(_("{device} is lost").format(device=shown.plain(fact.device)), fact.detail), "look")


@says(facts.DeviceFound)
def _found(fact: facts.DeviceFound) -> Sentence:
    return Sentence(_("{device} is back").format(device=shown.plain(fact.device)), "well")


@says(facts.DeviceTamper)
def _tamper(fact: facts.DeviceTamper) -> Sentence:
    device = shown.plain(fact.device)
    if fact.value is False:
        return Sentence(beside(_("{device}: tampering has ended").format(device=device), fact.detail))
    return Sentence(beside(_("{device} is tampered with").format(device=device), fact.detail), "urgent")


@says(facts.LockFault)
def _lock(fact: facts.LockFault) -> Sentence:
    if fact.detail.startswith("did not unlock"):
        words = _("door {door}: somebody was let in, and it did not unlock").format(door=fact.door)
    else:
        words = _("door {door}: the lock does not read as it should").format(door=fact.door)
    return Sentence(beside(words, fact.detail), "urgent")


@says(facts.InputAlarm)
def _input_alarm(fact: facts.InputAlarm) -> Sentence:
    return Sentence(_("{input} has raised an alarm").format(input=shown.plain(fact.input)), "urgent")


@says(facts.InputBlind)
def _blind(fact: facts.InputBlind) -> Sentence:
    words = _("{input} can raise no alarm: {device} is lost")
    return Sentence(words.format(input=shown.plain(fact.input), device=shown.plain(fact.device)), "urgent")


@says(facts.InputChanged)
def _input(fact: facts.InputChanged) -> Sentence:
    words = _("{input} is on") if fact.value else _("{input} is off")
    return Sentence(beside(words.format(input=shown.plain(fact.input)), fact.detail))


@says(facts.MeterRead)
def _meter(fact: facts.MeterRead) -> Sentence:
    return Sentence(_("water meter {device}: read").format(device=shown.plain(fact.device)))


@says(facts.MeterDoubt)
def _doubt(fact: facts.MeterDoubt) -> Sentence:
    return Sentence(_("water meter {device}: an odd reading").format(device=shown.plain(fact.device)), "look")
