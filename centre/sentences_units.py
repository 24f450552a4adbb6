"""What units tell of themselves, of what they were sent and of commands, as sentences for a clerk."""

from __future__ import annotations

from centre import shown
from centre.names import named as reason_named
from centre.sentences import CLOCKS, STORAGES, Sentence, beside, named, says
from centre.words import N_, _
from contract import facts
from contract.messages import Kind

ACTIONS = {
    "open": N_("open"),
    "mode": N_("another mode"),
    "identify": N_("show which one it is"),
    "resync": N_("read what it should have again"),
    "fire_reset": N_("lock again after a fire"),
    "restart": N_("start again"),
    "erase": N_("forget somebody"),
    "say": N_("say something"),
    "read_card": N_("read a card for a list"),
}
"""What an order asks for, by its name on the wire."""
STATES = {
    Kind.ROUND.value: N_("round"),
    Kind.VISITORS.value: N_("list of revoked visitors' codes"),
    Kind.NOTICE.value: N_("notice"),
    Kind.ROSTER.value: N_("list of people"),
    Kind.SETTINGS.value: N_("settings"),
    Kind.KEYS.value: N_("keys"),
    Kind.SECRETS.value: N_("keys of its own"),
}
"""What units are sent to have, by kind."""


# --- commands


@says(facts.CommandAccepted)
def _accepted(fact: facts.CommandAccepted) -> Sentence:
    return Sentence(beside(_("order taken: {action}").format(action=named(ACTIONS, fact.action)), fact.actor))


@says(facts.CommandDone)
def _done(fact: facts.CommandDone) -> Sentence:
    return Sentence(beside(_("order done: {action}").format(action=named(ACTIONS, fact.action)), fact.actor))


@says(facts.CommandRefused)
def _refused(fact: facts.CommandRefused) -> Sentence:
    words = _("order not done: {action}: {reason}")
    given = {"action": named(ACTIONS, fact.action), "reason": reason_named(fact.reason)}
    return Sentence(beside(words.format(**given), fact.actor), "look")


@says(facts.CommandUnknown)
def _unknown(fact: facts.CommandUnknown) -> Sentence:
    words = _("order cut off by a restart, whether it was done is not known: {action}")
    return Sentence(beside(words.format(action=named(ACTIONS, fact.action)), fact.actor), "look")


@says(facts.Refusals)
def _counted(fact: facts.Refusals) -> Sentence:
    counts = ", ".join(f"{shown.plain(name)} {count}" for name, count in sorted(fact.counts.items()))
    return Sentence(_("messages were refused: {counts}").format(counts=counts), "look")


# --- what they were sent


@says(facts.NoticeReceived)
def _received(fact: facts.NoticeReceived) -> Sentence:
    return Sentence(_("notice {id} received").format(id=fact.id))


@says(facts.NoticeShown)
def _shown(fact: facts.NoticeShown) -> Sentence:
    return Sentence(_("notice {id} shown").format(id=fact.id))


@says(facts.NoticeEnded)
def _ended(fact: facts.NoticeEnded) -> Sentence:
    return Sentence(_("notice {id} taken down").format(id=fact.id))


@says(facts.RosterApplied)
def _roster(fact: facts.RosterApplied) -> Sentence:
    return Sentence(_("list of people {id} is in force, as of {rev}").format(id=fact.id, rev=fact.rev))


@says(facts.SettingsApplied)
def _settings(fact: facts.SettingsApplied) -> Sentence:
    return Sentence(_("settings are in force, as of {rev}").format(rev=fact.rev))


@says(facts.KeysApplied)
def _keys(_fact: facts.KeysApplied) -> Sentence:
    return Sentence(_("the centre's keys are in force"))


@says(facts.SecretsApplied)
def _secrets(_fact: facts.SecretsApplied) -> Sentence:
    return Sentence(_("keys of its own are in force"))


@says(facts.StateApplied)
def _applied(fact: facts.StateApplied) -> Sentence:
    return Sentence(_("{what} {id} is in force").format(what=named(STATES, fact.state), id=fact.id))


@says(facts.StateRefused)
def _state_refused(fact: facts.StateRefused) -> Sentence:
    words = _("{what} {id} was not taken: {reason}")
    reasons = {"full": _("it is full"), "sealed": _("it cannot open them"), "internal": _("a fault of its own")}
    reason = reasons.get(fact.reason, shown.plain(fact.reason))
    return Sentence(words.format(what=named(STATES, fact.state), id=fact.id, reason=reason), "look")


# --- itself


@says(facts.AgentStarted)
def _started(fact: facts.AgentStarted) -> Sentence:
    return Sentence(beside(_("started, version {version}").format(version=shown.plain(fact.version)), fact.detail))


@says(facts.AgentStopping)
def _stopping(fact: facts.AgentStopping) -> Sentence:
    return Sentence(beside(_("stopped"), fact.detail))


@says(facts.JournalRecovered)
def _recovered(fact: facts.JournalRecovered) -> Sentence:
    return Sentence(beside(_("mended its memory after damage"), fact.detail), "look")


@says(facts.JournalDropped)
def _dropped(fact: facts.JournalDropped) -> Sentence:
    return Sentence(_("its memory was full: {count} facts were dropped").format(count=fact.count), "look")


@says(facts.StorageFailed)
def _storage(fact: facts.StorageFailed) -> Sentence:
    return Sentence(beside(_("its disk: {mode}").format(mode=named(STORAGES, fact.mode)), fact.detail), "urgent")


@says(facts.StorageMended)
def _mended(_fact: facts.StorageMended) -> Sentence:
    return Sentence(_("its disk works again"), "well")


@says(facts.ClockChanged)
def _clock(fact: facts.ClockChanged) -> Sentence:
    sign = "" if fact.trust in {"synced", "holdover"} else "look"
    return Sentence(_("its clock: {trust}").format(trust=named(CLOCKS, fact.trust)), sign)


@says(facts.CentreCheckpoint)
def _checkpoint(_fact: facts.CentreCheckpoint) -> Sentence:
    return Sentence(_("keeps a checkpoint of the centre's record"))


@says(facts.UnitSheet)
def _sheet(_fact: facts.UnitSheet) -> Sentence:
    return Sentence(_("sent its acceptance sheet"))


@says(facts.SoftwareFetched)
def _fetched(fact: facts.SoftwareFetched) -> Sentence:
    return Sentence(_("has fetched version {version}").format(version=shown.plain(fact.version)))


@says(facts.SoftwareRefused)
def _not_installed(fact: facts.SoftwareRefused) -> Sentence:
    words = _("does not install version {version}: {reason}")
    given = {"version": shown.plain(fact.version), "reason": reason_named(fact.reason)}
    return Sentence(beside(words.format(**given), fact.detail), "look")


@says(facts.SoftwareInstalled)
def _installed(fact: facts.SoftwareInstalled) -> Sentence:
    return Sentence(_("runs version {version}").format(version=shown.plain(fact.version)), "well")


@says(facts.SoftwareReturned)
def _returned(fact: facts.SoftwareReturned) -> Sentence:
    words = _("gave up version {version} and runs {back_to} again: {reason}")
    given = {"version": shown.plain(fact.version), "back_to": shown.plain(fact.back_to)}
    return Sentence(beside(words.format(**given, reason=reason_named(fact.reason)), fact.detail), "look")
