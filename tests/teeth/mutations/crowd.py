"""Faults in what holds hostile people off the console, and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

CROWD = "tests/centre/console/test_crowd.py"
FORGED = "tests/centre/console/test_forged.py"
TOKENS = "tests/centre/console/test_tokens.py"
WRITTEN = "tests/centre/console/test_written.py"
HOOKS = "tests/centre/test_web_hooks.py"

MUTATIONS = [
    Mutation(
        "one account holds every open line",
        "centre/console/live.py",
        "        if sum(each.who == who for each in self._listeners) >= MOST_OF_ONE:\n",
        "        if sum(each.who == who for each in self._listeners) >= MOST:\n",
        (f"{CROWD}::test_one_account_holds_so_many_lines_and_no_more",),
    ),
    Mutation(
        "an open line outlives what its person may",
        "centre/console/live.py",
        "            if not counts[each.by]:\n",
        "            if each.by not in counts:\n",
        (f"{CROWD}::test_an_open_line_ends_with_what_its_person_may",),
    ),
    Mutation(
        "slow requests of one address take all threads",
        "centre/console/threads.py",
        "OF_ONE = 16\n",
        "OF_ONE = 160\n",
        (f"{CROWD}::test_who_is_slow_at_one_address_leaves_threads_for_the_others",),
    ),
    Mutation(
        "an export is read from the books as slowly as somebody's line is",
        "centre/console/pages/record.py",
        "Spool(visit.centre.folder.path, lambda: _lines(visit)).read()",
        "_lines(visit)",
        (f"{CROWD}::test_an_export_that_is_read_slowly_holds_no_look_at_the_books",),
    ),
    Mutation(
        "one account fills the memory",
        "centre/console/guard.py",
        "        if come > STRANGERS_BODY and not body.holds(scope[WHOSE], come):\n",
        "        if come > MAX_BODY and not body.holds(scope[WHOSE], come):\n",
        (f"{CROWD}::test_one_account_fills_no_memory",),
    ),
    Mutation(
        "a token reaches into what its maker does not",
        "centre/api_tokens.py",
        "    return maker.enabled and maker.role >= role and accounts.covers(conn, maker, scope)\n",
        "    return maker.enabled and maker.role >= role\n",
        (f"{TOKENS}::test_a_token_that_is_over_is_nobodys_at_every_call",),
    ),
    Mutation(
        "a program asks for what a second person is to agree to",
        "centre/consents.py",
        "    if asker.is_program:\n",
        "    if not asker.name:\n",
        (f"{TOKENS}::test_a_program_has_nobody_agree_to_what_it_asked_for",),
    ),
    Mutation(
        "a page at another port of the machine posts here",
        "centre/console/guard.py",
        'OURS = frozenset({"same-origin", "none"})\n',
        'OURS = frozenset({"same-origin", "same-site", "none"})\n',
        (f"{FORGED}::test_what_a_page_elsewhere_sends_is_refused",),
    ),
    Mutation(
        "a call by a session needs no token of its page",
        "centre/console/api.py",
        '        if each.method != "GET" and not csrf.carries_token(request):\n',
        '        if each.method == "PUT" and not csrf.carries_token(request):\n',
        (f"{FORGED}::test_without_this_sessions_token_nothing_is_done",),
    ),
    Mutation(
        "what people and units wrote is markup",
        "centre/console/look.py",
        "        autoescape=True,\n",
        "        autoescape=False,\n",
        (f"{WRITTEN}::test_what_is_written_anywhere_is_shown_and_runs_nowhere",),
    ),
    Mutation(
        "alarms are posted to this machine by a name that leads here",
        "centre/hook_post.py",
        "        if as_it_stands or is_elsewhere(address):\n",
        "        if as_it_stands or address:\n",
        ("tests/centre/test_hook_addresses.py::test_a_name_that_leads_to_this_machine_is_not_posted_to",),
    ),
    Mutation(
        "what a receiver is known by is shown",
        "centre/hooks.py",
        """    return f"{parts.scheme}://{parts.netloc}/{'…' if parts.path.strip('/') or parts.query else ''}"\n""",
        '    return parts._replace(query="").geturl()\n',
        (f"{HOOKS}::test_the_secret_is_told_once_and_is_in_no_list_no_act_and_no_line",),
    ),
]
