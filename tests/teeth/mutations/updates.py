"""Mutations of updates: what is trusted, when the door forbids it, and the way back."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

CORE = "tests/agent/core/test_software.py"
TRUST = "tests/agent/update/test_trust.py"
INSTALLING = "tests/agent/update/test_installing.py"

MUTATIONS = [
    Mutation(
        "an update stops the agent while a door is held open or locked down",
        "agent/core/software.py",
        "    if door.in_force is not Mode.NORMAL:\n",
        "    if door.in_force is not door.in_force:\n",
        (f"{CORE}::test_it_waits_while_a_door_forbids_it",),
    ),
    Mutation(
        "the centre's word installs an older version",
        "agent/core/software.py",
        "    elif order(wanted.version) < order(step.state.plan.version):\n",
        "    elif order(wanted.version) < order('0'):\n",
        (f"{CORE}::test_an_older_or_the_same_version_is_never_fetched",),
    ),
    Mutation(
        "what was given up is tried again and again",
        "agent/core/software.py",
        "    if tried or order(",
        "    if order(",
        (f"{CORE}::test_what_was_given_up_is_not_tried_again_before_a_newer_revision",),
    ),
    Mutation(
        "keys that were taken away may sign software again",
        "agent/update/trust.py",
        "    if found.rev < least_rev:\n",
        "    if found.rev < 0:\n",
        (f"{TRUST}::test_an_attack_is_refused_in_one_line",),
    ),
    Mutation(
        "software for another unit is taken",
        "agent/update/trust.py",
        '    if scope.level == "unit" and scope.id != enrolment.unit:\n',
        '    if scope.level == "unit" and not scope.id:\n',
        (f"{TRUST}::test_an_attack_is_refused_in_one_line",),
    ),
    Mutation(
        "the updater takes a bundle's bytes on trust",
        "agent/update/taking.py",
        "    if left or made.hexdigest() != software.sha256:\n",
        "    if left > software.size:\n",
        (f"{INSTALLING}::test_the_updater_believes_nothing_that_the_agent_wrote",),
    ),
    Mutation(
        "a cut after the new image was booted overwrites the old one",
        "agent/update/forms.py",
        "        if not self._is_new(progress):\n",
        "        if progress:\n",
        (f"{INSTALLING}::test_an_image_that_was_booted_by_a_cut_keeps_its_way_back",),
    ),
    Mutation(
        "software that never reaches the centre stays",
        "agent/update/watching.py",
        "            if steady and (not self._progress.centre or doors.confirmed(status)):\n",
        "            if steady:\n",
        (f"{INSTALLING}::test_what_does_not_prove_itself_is_given_up",),
    ),
    Mutation(
        "a redirect is followed as an answer",
        "agent/update/download.py",
        "        if answer.status != http.client.OK:\n",
        "        if answer.status >= http.client.BAD_REQUEST:\n",
        ("tests/agent/update/test_download.py::test_nothing_is_fetched_from_elsewhere_and_no_answer_but_yes_is_taken",),
    ),
    Mutation(
        "an order that is not signed is told each time it comes",
        "agent/update/installing.py",
        "        if last is None or replace(last, id=made.id) != made:\n",
        "        if made != last:\n",
        (f"{INSTALLING}::test_what_is_not_signed_is_thrown_away_and_told_once",),
    ),
    Mutation(
        "the status does not say that an update waits for a door",
        "agent/update/account.py",
        "    if not why:\n",
        "    if why == why:\n",
        ("tests/agent/update/test_account.py::test_what_is_under_way",),
    ),
    Mutation(
        "a half package is installed at a boot while the updater does it too",
        "systemd/doorward-update-mend.service",
        "ExecStart=/usr/bin/flock --nonblock --conflict-exit-code 0 /var/lib/doorward-update/lock /bin/sh",
        "ExecStart=/bin/sh",
        ("tests/agent/update/test_real_dpkg.py::test_a_half_package_is_left_to_an_updater_at_work",),
    ),
    Mutation(
        "new code alone goes on with an update that a power cut broke off",
        "systemd/doorward-update.service",
        "dpkg-deb --extract previous.deb ",
        "false ",
        ("tests/agent/update/test_going_on.py::test_what_was_begun_is_gone_on_with_by_the_release_that_began_it",),
    ),
    Mutation(
        "a release whose own updater does not run is taken",
        "agent/update/forms.py",
        '            call(UPDATER, "apply-update", "--check")\n',
        '            call("true")\n',
        (f"{INSTALLING}::test_a_release_whose_updater_does_not_run_is_given_up_before_it_is_started",),
    ),
    Mutation(
        "an outage of the network sends a good version back",
        "agent/update/watching.py",
        "        if since is not None and time.monotonic() - since >= ",
        "        if time.monotonic() - begun >= ",
        (f"{INSTALLING}::test_the_time_to_reach_the_centre_stands_still_while_nothing_answers_at_the_brokers_address",),
    ),
    Mutation(
        "a version on trial waits for ever for a broker that never answers",
        "agent/update/watching.py",
        "        return NO_BROKER if time.monotonic() - begun >= self._most_away_s else None\n",
        "        return None\n",
        (f"{INSTALLING}::test_it_stands_still_for_so_long_at_most",),
    ),
]
