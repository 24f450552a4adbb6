"""Mutations of the proof of the record: what it believes of those who keep it."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

RECORD = "tests/centre/test_forgeries.py::test_a_forgery_is_found"
ACTS = "tests/centre/test_acts.py"

MUTATIONS = [
    Mutation(
        "a signature does not name the gaps of its batch",
        "contract/chain.py",
        "    return (text + marks).encode()\n",
        "    return text.encode()\n",
        (f"{RECORD}[an invented gap, named as if a signature did]",),
    ),
    Mutation(
        "a gap that nobody signed is believed",
        "centre/record.py",
        "        if mark is None or mark.after != gap.h.hex() or mark.first > gap.first:\n",
        "        if due < 0:\n",
        (f"{RECORD}[a whole batch replaced by an invented gap]",),
    ),
    Mutation(
        "what the signatures say of the chain is not compared",
        "centre/record.py",
        "            if signed is not None and met is not None and met != signed:\n",
        "            if signed is not None and met is None and number < 0:\n",
        (f"{RECORD}[a fact changed just before a true gap]",),
    ),
    Mutation(
        "acts of the centre are not checked against their signatures",
        "centre/acts.py",
        "    if due > 1 and not signed(public, newest, act_text(site, due - 1, h)):\n",
        "    if due > 1 and not newest:\n",
        (f"{RECORD}[an act of the centre's own journal changed]",),
    ),
    Mutation(
        "a checkpoint does not look at the head of an epoch",
        "centre/checkpoints.py",
        "    if met.seq < leaf.seq:\n",
        "    if met.seq >= 0:\n        return None\n    if met.seq < leaf.seq:\n",
        (f"{RECORD}[the tail cut off, clean]",),
    ),
    Mutation(
        "a cutoff is taken for signed by its hash alone",
        "centre/record.py",
        "(claim.base, claim.start) and signs(",
        "(claim.base, claim.start) or signs(",
        (f"{ACTS}::test_a_cutoff_is_the_units_word_too",),
    ),
    Mutation(
        "an act is believed of how old the facts were that went",
        "centre/told.py",
        '        return _("gave up facts that were no six months old")\n',
        "        return None\n",
        (f"{RECORD}[facts of yesterday taken out, and an act of `retain` invented and signed]",),
    ),
    Mutation(
        "the fact that an act of retention shows need not be the chain's",
        "centre/told.py",
        """    if next_hash(bytes.fromhex(data["before"]), line).hex() != data["h"]:\n""",
        """    if not next_hash(bytes.fromhex(data["before"]), line):\n""",
        (f"{RECORD}[likewise, the last fact said to be older than it is]",),
    ),
    Mutation(
        "an act has young orders and receipts forgotten",
        "centre/told.py",
        '            if data["until"] > _old(act) or act.at_utc > now + SLACK_S:\n',
        '            if data["until"] < 0.0:\n',
        (f"{ACTS}::test_an_act_does_not_excuse_what_is_young",),
    ),
    Mutation(
        "retention goes by the centre's clock alone",
        "centre/retention.py",
        "facts.c.seq == last, facts.c.at_utc < before_utc)",
        "facts.c.seq == last)",
        (f"{ACTS}::test_facts_that_say_that_they_are_young_stay",),
    ),
    Mutation(
        "who took note of an alarm is not held against the journal",
        "centre/compared.py",
        "        if there[name] != told.acks.get(name):\n",
        "        if there[name] and name not in told.acks:\n",
        (f"{RECORD}[an acknowledgement given to another name]",),
    ),
    Mutation(
        "a receipt that came ahead is believed without its signature",
        "centre/rebuilt.py",
        '            return None\n    return _("its signature does not hold")\n',
        "            return None\n    return None\n",
        (f"{ACTS}::test_a_receipt_ahead_is_the_units_word_too",),
    ),
    Mutation(
        "a restore excuses what its copy had",
        "centre/told.py",
        "            if each.made_utc <= at_utc <= each.at_utc and (acts is None or acts >= each.n):\n",
        "            if at_utc <= each.at_utc:\n",
        (f"{ACTS}::test_what_is_older_than_the_copy_is_excused_by_no_restore",),
    ),
]
