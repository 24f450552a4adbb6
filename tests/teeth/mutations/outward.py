"""Mutations of what leaves the centre: web hooks, figures, Home Assistant."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

HOOKS = "tests/centre/test_web_hooks.py"
FIGURES = "tests/centre/test_centre_metrics.py"
HOME = "tests/centre/test_home_assistant.py"
RULES = "tests/centre/test_home_rules.py"

MUTATIONS = [
    Mutation(
        "a web hook goes on with the next alarm where one was not taken",
        "centre/web_hooks.py",
        "                    self._post = Post(self.hook)\n                    break\n",
        "                    self._post = Post(self.hook)\n",
        (f"{HOOKS}::test_what_was_not_taken_is_posted_again_in_order_over_a_restart[sqlite]",),
    ),
    Mutation(
        "an answer that drips is waited for",
        "centre/hook_post.py",
        "        if time.monotonic() > self._end_mono:\n",
        "        if time.monotonic() > self._end_mono + 3600:\n",
        (f"{HOOKS}::test_a_dead_a_slow_and_a_hostile_receiver_hold_up_no_other[sqlite]",),
    ),
    Mutation(
        "the signature leaves out when a message was sent",
        "centre/hook_post.py",
        'b".".join((name.encode(), at.encode(), body))',
        'b".".join((name.encode(), body))',
        (f"{HOOKS}::test_an_alarm_is_posted_and_the_signature_holds_by_a_library_we_did_not_write[sqlite]",),
    ),
    Mutation(
        "http to any machine",
        "centre/hooks.py",
        '    if parts.scheme == "http" and not plain and not is_here(host):\n',
        '    if parts.scheme == "http" and not plain and not host:\n',
        (f"{HOOKS}::test_an_address_that_is_none_gets_one_line",),
    ),
    Mutation(
        "the books are read for each who asks for figures",
        "centre/metrics_server.py",
        "            if now - self._read_mono >= FRESH_S:\n",
        "            if now - self._read_mono >= 0:\n",
        (f"{FIGURES}::test_it_hands_out_its_page_and_nothing_else[sqlite]",),
    ),
    Mutation(
        "who is slow keeps its place",
        "centre/metrics_server.py",
        "            late = [each for each, end in self._open.items() if now > end]\n",
        "            late = [each for each, end in self._open.items() if now > end + 3600]\n",
        (f"{FIGURES}::test_who_is_slow_is_cut_off_and_the_rest_is_answered[sqlite]",),
    ),
    Mutation(
        "an order of any age opens",
        "centre/home_assistant/asks.py",
        "        if abs(now_utc - told.at_utc) > STALE_S:\n",
        "        if now_utc < told.at_utc - STALE_S:\n",
        (f"{RULES}::test_an_order_is_of_now_and_of_once",),
    ),
    Mutation(
        "what was left at the broker opens",
        "centre/home_assistant/asks.py",
        "        if retained:\n",
        "        if retained and not payload:\n",
        (f"{RULES}::test_an_order_is_of_now_and_of_once",),
    ),
    Mutation(
        "duress is told apart",
        "centre/home_assistant/device.py",
        '            return door, {"event_type": GRANTED, "via": str(via)}\n',
        '            return door, {"event_type": GRANTED, "via": str(via) + "!" * isinstance(fact, AccessDuress)}\n',
        (f"{RULES}::test_an_opening_under_duress_looks_as_any_other_and_no_event_says_who",),
    ),
    Mutation(
        "a unit out of its scope is opened",
        "centre/home_assistant/view.py",
        "            rows = [row for row in conn.execute(_REGISTERED) if self._reaches(row.unit, row.scopes)]\n",
        "            rows = list(conn.execute(_REGISTERED))\n",
        (f"{HOME}::test_a_unit_out_of_its_scope_is_never_opened",),
    ),
    Mutation(
        "Home Assistant's login may write what it reads",
        "centre/broker.py",
        "    lines += [f\"topic read {topics.state(site, '+')}\", f\"topic read {topics.event(site, '+', '+')}\"]\n",
        '    lines += [f"topic readwrite {topics.own(site)}/#"]\n',
        (f"{HOME}::test_its_login_can_do_that_and_nothing_else",),
    ),
]
