"""Mutations of the image: which of its two systems stays, and when it starts again."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

SLOT = "tests/image/test_slot.py"
SCRIPT = "packaging/image/root/usr/lib/doorward-image/slot"

MUTATIONS = [
    Mutation(
        "the end of a new system's trial restarts it under the updater's hands",
        SCRIPT,
        "in start*) exit 0 ;; esac",
        "in never) exit 0 ;; esac",
        (f"{SLOT}::test_the_end_of_the_trial_restarts_nothing_while_the_updater_is_at_work",),
    ),
    Mutation(
        "an image on a fresh tree asks for a package instead of building it",
        "Makefile",
        "update.pem $(if $(DEB),,deb)\n",
        "update.pem\n",
        ("tests/image/test_make.py::test_an_image_makes_the_package_where_none_is_built",),
    ),
    Mutation(
        "a ready door makes a new system stay",
        SCRIPT,
        '      0 | "") grub-editenv',
        "      *) grub-editenv",
        (f"{SLOT}::test_a_ready_door_does_not_make_a_new_system_stay",),
    ),
]
