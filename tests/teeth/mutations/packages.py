"""Mutations of the packages: what an older one does over newer state, what a purge leaves, what runs at an installation."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

PACKAGE = "tests/debian/test_package.py"

MUTATIONS = [
    Mutation(
        "the program loads what lies in its caller's folder",
        "packaging/debian/launcher",
        "#!/usr/bin/python3 -IB",
        "#!/usr/bin/python3 -B",
        (f"{PACKAGE}::test_the_program_takes_nothing_from_who_calls_it",),
    ),
    Mutation(
        "an older version is put over newer databases",
        "packaging/debian/doorward.preinst",
        '[ "${found:-0}" -le @JOURNAL@ ]',
        "true",
        (f"{PACKAGE}::test_an_older_version_is_refused_before_anything_is_unpacked",),
    ),
    Mutation(
        "the form of a database is told to its log alone",
        "agent/store/database.py",
        'db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")\n\n\ndef _apply',
        'db.conn.execute("PRAGMA user_version")\n\n\ndef _apply',
        ("tests/agent/store/test_journal.py::test_a_new_form_stands_in_the_file_itself_at_once",),
    ),
    Mutation(
        "the service is on before the unit is set up",
        "packaging/debian/rules",
        "dh_installsystemd -p doorward --no-enable doorward.service",
        "dh_installsystemd -p doorward doorward.service",
        (f"{PACKAGE}::test_nothing_is_started_at_an_installation",),
    ),
    Mutation(
        "processes beside serve are looked for in the system's Python alone",
        "centre/own_process.py",
        "str(_BEGIN), module, *arguments]",
        '"-m", module, *arguments]',
        ("tests/centre/test_own_process.py::test_they_run_the_code_of_the_one_that_begins_them",),
    ),
    Mutation(
        "whoever reaches the console says where they come from",
        "centre/console/server.py",
        'forwarded_allow_ips="127.0.0.1,::1" if',
        'forwarded_allow_ips="*" if',
        ("tests/centre/console/test_served.py::test_nobody_but_a_proxy_of_this_machine_says_who_asks",),
    ),
]
