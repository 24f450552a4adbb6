"""Faults in who is let in and what they may, and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

ACCOUNTS = "tests/centre/test_accounts.py"
KEPT = "tests/centre/test_accounts_kept.py"
GUESSING = "tests/centre/test_guessing.py"
SESSIONS = "tests/centre/test_sessions.py"
SIGN_IN = "tests/centre/test_sign_in.py"
CONSENTS = "tests/centre/test_consents.py"
PAGES = "tests/centre/console/test_sign_in_pages.py"
PEOPLE = "tests/centre/console/test_accounts_pages.py"

MUTATIONS = [
    Mutation(
        "who can write to the books makes themselves an administrator",
        "centre/accounts.py",
        '    if not key.holds(row.seal, "account", *sealed(values)):\n',
        "    if not row.seal:\n",
        (f"{KEPT}::test_a_row_changed_by_another_hand_lets_nobody_in_and_is_found",),
    ),
    Mutation(
        "a scope with units of others is one's own",
        "centre/accounts.py",
        "    return bool(found) and all(_has",
        "    return bool(found) and any(_has",
        (f"{ACCOUNTS}::test_a_scope_is_somebodys_when_all_its_units_are",),
    ),
    Mutation(
        "the last administrator goes",
        "centre/account_desk.py",
        "        if had and not has:\n",
        "        if had and has:\n",
        (f"{ACCOUNTS}::test_the_last_administrator_stays",),
    ),
    Mutation(
        "tokens come back to life with a restored copy",
        "centre/restored.py",
        "    for table in (sessions, invitations, api_tokens, consents):\n",
        "    for table in (consents,):\n",
        (f"{KEPT}::test_a_restored_copy_brings_nobody_back_in",),
    ),
    Mutation(
        "a name that nobody has is answered at once",
        "centre/login_passwords.py",
        "    given = _keyed(key, name, password)\n",
        "    given = _keyed(key, name, password)\n    if kept is None:\n        return False\n",
        (f"{SIGN_IN}::test_for_a_name_that_nobody_has_a_password_is_hashed_all_the_same",),
    ),
    Mutation(
        "guesses lock the administrator out",
        "centre/sign_in.py",
        "        if device is not None and _is_device(key, name, device):\n",
        "        if device is not None and device == name:\n",
        (f"{GUESSING}::test_a_flood_of_guesses_does_not_shut_out_who_was_here_before",),
    ),
    Mutation(
        "tries are counted after the password was looked at, or not at all",
        "centre/tries.py",
        "            if level + 1 > pace.at_once:\n",
        "            if level > 1e9:\n",
        (f"{GUESSING}::test_guesses_are_slowed_and_the_right_password_with_them",),
    ),
    Mutation(
        "a session begun in 2040 lasts until then",
        "centre/sessions.py",
        "    return bool(begun <= latest and seen <= latest and ",
        "    return bool(latest and ",
        (f"{SESSIONS}::test_a_clock_set_back_makes_no_session_longer",),
    ),
    Mutation(
        "who is disabled stays signed in",
        "centre/sessions.py",
        "    return found if found.account.enabled else None\n",
        "    return found\n",
        (f"{SESSIONS}::test_who_is_disabled_in_the_books_alone_is_out",),
    ),
    Mutation(
        "a link is taken twice",
        "centre/account_desk.py",
        '    put(conn, key, name, {"password": kept}, by, now)\n    conn.execute(invitations.delete().where(invitations.c.account == name))\n',
        '    put(conn, key, name, {"password": kept}, by, now)\n',
        (f"{SIGN_IN}::test_a_link_is_taken_once",),
    ),
    Mutation(
        "who asked agrees to it themselves",
        "centre/consents.py",
        "    if second.name == asker.name or (second.holder is not None and second.holder == asker.holder):\n",
        "    if second.holder is not None and second.holder == asker.holder:\n",
        (f"{CONSENTS}::test_neither_who_asked_nor_who_may_not_decides",),
    ),
    Mutation(
        "an account that was made for it agrees",
        "centre/consents.py",
        "    if second.name in invitations.let_in_lately(conn, asker.name, now):\n",
        "    if second.name in invitations.let_in_lately(conn, asker.name, now) - {second.name}:\n",
        (f"{CONSENTS}::test_whoever_made_an_account_does_not_agree_by_it_to_what_they_asked_for",),
    ),
    Mutation(
        "what waits is carried out at once",
        "centre/console/second.py",
        "    if visit.agreed or not consents.wanted(visit.centre, doing):\n",
        "    if visit.agreed or consents.wanted(visit.centre, doing):\n",
        (f"{PEOPLE}::test_it_waits_until_another_agrees_and_is_then_done_once",),
    ),
    Mutation(
        "a session that was planted is the one that is signed in",
        "centre/console/entry.py",
        "    visit.request.session.clear()\n",
        "",
        (f"{PAGES}::test_a_session_that_was_there_before_is_not_the_one_that_is_signed_in",),
    ),
    Mutation(
        "signing in sends on to another site",
        "centre/console/paths.py",
        '    if not isinstance(given, str) or not given.startswith("/") or given.startswith("//"):\n',
        '    if not isinstance(given, str) or not given.startswith("/"):\n',
        (f"{PAGES}::test_after_signing_in_one_goes_on_to_a_page_of_ours_alone",),
    ),
]
