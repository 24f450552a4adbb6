"""Mutations of the broker's files and of what the centre makes of its broker."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

RIGHTS = "tests/centre/test_broker_rights.py"
WATCH = "tests/centre/test_broker_watch.py"
CHECK = "tests/centre/test_check.py"

MUTATIONS = [
    Mutation(
        "a unit writes below every unit's name",
        "centre/broker.py",
        'f"topic write {up(site, unit.unit, leaf)}" for leaf in LEAVES',
        'f"topic write {own}/up/+/{leaf}" for leaf in LEAVES',
        (f"{RIGHTS}::test_a_writes_nothing_that_is_not_its_own",),
    ),
    Mutation(
        "a unit writes whatever it likes below its own name",
        "centre/broker.py",
        'f"topic write {up(site, unit.unit, leaf)}" for leaf in LEAVES',
        'f"topic write {own}/up/{unit.unit}/+" for leaf in LEAVES',
        (f"{RIGHTS}::test_a_writes_nothing_that_is_not_its_own",),
    ),
    Mutation(
        "a unit reads what is for others",
        "centre/broker.py",
        'f"topic read {topic}" for topic in subscriptions(site, unit.unit, unit.scopes)',
        'f"topic read {own}/down/#" for _ in subscriptions(site, unit.unit, unit.scopes)',
        (f"{RIGHTS}::test_a_reads_nothing_that_is_not_its_own",),
    ),
    Mutation(
        "a unit takes another's session by its client id",
        "centre/broker.py",
        "use_username_as_clientid true",
        "use_username_as_clientid false",
        (f"{RIGHTS}::test_no_session_but_its_own_under_any_client_id",),
    ),
    Mutation(
        "anybody gets in",
        "centre/broker.py",
        "allow_anonymous false\npassword_file passwords\n",
        "allow_anonymous true\n",
        ("tests/centre/test_broker.py::test_only_with_the_right_password",),
    ),
    Mutation(
        "a packet may be of any size",
        "centre/broker.py",
        "max_packet_size {MAX_PACKET}",
        "max_packet_size {MAX_PACKET * 1000}",
        ("tests/centre/test_broker.py::test_a_packet_larger_than_any_message_cuts_its_sender_off",),
    ),
    Mutation(
        "what a unit left retained stays",
        "centre/broker_watch.py",
        "        if not retained or (up is not None",
        "        if not retained or up is None or (up is not None",
        (f"{WATCH}::test_what_a_unit_retained_where_nothing_belongs_is_cleared_and_alarmed",),
    ),
    Mutation(
        "strays are cleared and nobody is alarmed",
        "centre/broker_watch.py",
        "                if self._is_ours(unit):\n                    alarms",
        "                if not unit:\n                    alarms",
        (f"{WATCH}::test_what_a_unit_retained_where_nothing_belongs_is_cleared_and_alarmed",),
    ),
    Mutation(
        "nobody hears of dropped messages",
        "centre/broker_watch.py",
        "        if count > before:",
        "        if count < before:",
        (f"{WATCH}::test_what_a_full_queue_dropped_is_told",),
    ),
    Mutation(
        "a wiped broker is not told again",
        "centre/standing.py",
        "state.retained(conn, time.time())))\n        if self._due",
        "state.unsent(conn)))\n        if self._due",
        ("tests/centre/test_broker_lost.py::test_a_broker_wiped_at_any_moment_loses_nothing",),
    ),
    Mutation(
        "an older state that came to the broker after a newer one stays there",
        "centre/outbox.py",
        "        if overtaken:",
        "        if not overtaken:",
        (
            "tests/centre/test_outbox.py::test_what_came_to_the_broker_after_its_successor_is_followed_by_it_again[sqlite]",
        ),
    ),
    Mutation(
        "the centre's name is not looked for in the broker's certificate",
        "centre/link.py",
        "            client.tls_set_context(ssl.create_default_context(cafile=login.ca))",
        "            client.tls_set_context(ssl._create_unverified_context())",
        (f"{CHECK}::test_a_broker_that_is_not_ours_is_believed_by_nobody[name]",),
    ),
    Mutation(
        "a certificate is renewed when it has ended",
        "centre/certificates.py",
        "RENEW_DAYS = 30\n",
        "RENEW_DAYS = 0\n",
        (f"{CHECK}::test_a_certificate_is_renewed_in_its_last_days_and_units_go_on_trusting",),
    ),
    Mutation(
        "a password of the broker's files that is not the centre's is not seen",
        "centre/broker_files.py",
        "    if not ours or",
        "    if",
        (f"{CHECK}::test_files_that_do_not_fit_the_books_are_named",),
    ),
]
