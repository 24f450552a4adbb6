"""Every duration and bound the core decides with, in seconds unless the name says otherwise, each with its source."""

from __future__ import annotations

RENEW_S = 1.0
"""A pulse that somebody prolongs is renewed this long before its end: room for the order's deadline, which is READ_SLACK_S before that end (D7, D12)."""
CARD_DEADLINE_S = 1.0
"""An unlock that is not on the wire by then dies (D7). A card counts from the earliest moment at which it can have been shown: older ones
count not at all (D12), and what is left of this second is what its unlock has.
"""
LATE_GATHER_S = 1.0
"""Cards and keys that were too old come together; they are told in one fact, this long after the first."""
LATE_FACTS_S = 60.0
"""At most one such fact of a reader in this time; the rest is counted in the next."""
DOOR_ONLY_S = 600.0
"""After three crashes in five minutes, ten minutes without link, notices and calendar (D11)."""
ORDER_ANSWER_S = 0.5
"""What became of an order is known this long after it had to be on the wire: its port's thread says that it died. Where that hangs nobody does."""
STOPPED_S = 0.1
"""A timer that is run later than this was held up, and so was whoever would have been heard in time."""
WELCOME_S = 2.0
WELCOME_SHARE = 0.5
"""Nobody is told to come in once less than this of their pulse is left, or of a short one than this share: its answer was heard late, for the agent was stopped."""
DOUBT_S = 3.0
"""Who was told no still stands there so long after they asked. A lock that reads unlocked later than that is locked again."""
EXIT_DEADLINE_S = 0.5
"""The exit button is answered in 200 ms (D2); this leaves room for one exchange that times out on a noisy line."""
LATCH_WAIT_S = 1.0
"""After the first event of a run, when the fire latch file could not be read: 2 s after the process began (D4), a start takes well under one."""
LEVEL_DEADLINE_S = 5.0
"""A lasting level (locked, released) may come late: it is what should be true now. Ordered again when it fails."""
LEVEL_RETRY_S = 0.2
"""A lasting level that failed is ordered again after this; released on fire is due within 1 s (D1)."""
EXIT_BLIND_S = 2.0
"""Pressed at a start before the lock was read: answered when it is, as long as somebody still stands there (D4: exit works within 2 s)."""
EXIT_STUCK_S = 60.0
"""An exit button held longer is an alarm (D2)."""
READ_SLACK_S = 0.5
"""The relay's own timer and the poll may differ from ours by this much before a read-back counts as wrong."""
RECHECK_S = 0.3
"""A wrong read-back is looked at again after this; wrong twice is a fault within 2 s (D5)."""
LOCK_FAULTS_S = 60.0
"""A door's `lock.fault` is told at most this often; what came between is told as one when the time is over."""
ENTRY_SLACK_S = 1.0
"""A contact that opens this long after the pulse ended still counts as the granted entry (poll, debounce)."""
HELD_WARNING = 0.8
"""Share of `held_open_s` after which the warning tone sounds (D5)."""
HELD_REPEAT_S = 60.0
"""The tone is repeated this often while the door stays open (reliability.md, S7)."""

CARD_REPEAT_S = 0.8
"""The same card at the same reader within this of its last reading is the same tap: readers repeat while it lies there."""
CHECKIN_REPEAT_S = 60.0
"""The same tag at the same door within this is one check-in (reliability.md, row 49)."""
VISITS_S = 3 * 86_400.0
VISITS_MAX = 256
"""Check-ins kept for rounds, of the days that may still be looked at: five an hour."""
TOLD_STOPS_MAX = 4096
"""Stops told as missed that are remembered: two days of the most that a unit can have (contract.rounds)."""
ROUNDS_LOOK_S = 600.0
"""Stops are looked at anew this often also where none is due: a day may have begun, or local time changed."""
CHECKIN_DURABLE_S = 2.0
"""A check-in that is not on disk by then is not taken, and the person is told (D10)."""
STORE_SLACK_S = 1.0
"""The store answers a record with a deadline within this after it; a store that hangs is given up then."""

ANSWER_YES_S = 3.0
ANSWER_NO_S = 6.0
ANSWER_CHECKIN_S = 5.0
"""An answer to what a person just did stays 3-6 s (product.md, The panel); a refusal with more to read, as long as that takes."""
IDENTIFY_S = 30.0
"""How long `identify` shows itself: time to walk along a row of doors."""
READING_MIN_S = 5.0
READING_MAX_S = 45.0
READING_COLUMN_S = 0.15
"""Reading time of a page: 0.3 s a Chinese character, never under 5 s (product.md, The panel). Adults read some 255 characters
a minute of simplified Chinese on paper, 0.24 s each (IReST); a third of the readers here are old, and stand two steps away."""
IDLE_PAGE_S = 6.0
"""A page of clock and sign shows this long, between notices and where they turn."""
NO_NETWORK_S = 300.0
"""Without a broker for so long, the screen says since when: shorter is a restart of it, or of a router."""
PAGES_MAX = 20
"""A notice is shown up to this many pages; more is a document, not a notice."""
ENTRY_S = 10.0
"""An entry at a keypad is forgotten this long after its last key (product.md, The panel)."""
ENTRY_KEYS = 32
"""Further keys of an entry are passed over: no code is longer."""
TRIES = 5
LOCK_OUT_S = 30.0
LOCK_OUT_MAX_S = 900.0
"""Five wrong codes in a row lock a reader's entry of codes for 30 s, doubling to 15 min (D8)."""
FORGIVEN = 12
FORGOTTEN_S = 600.0
"""So many wrong codes lock it as well, whatever was right between them; one is forgotten every ten minutes. Who has a PIN of their own tries no other's for long."""
IN_SECONDS_S = 90.0
"""A lock-out up to this long is told in seconds, a longer one in minutes."""
VISITOR_DURABLE_S = 1.0
"""A visitor's code whose use is not on disk by then opens nothing (D7, D10)."""
CHOICE_S = 2.0
"""A digit alone answers a question once no other key has followed for so long."""
PRESENT_S = 10.0
"""Whoever passed by card or PIN stands at the reader this long, for a report, a service, an answer; each key they press begins it anew."""
REPORT_CONFIRM_S = 10.0
"""A code that was typed and repeated waits this long for its `#`."""
QUESTION_S = 15.0
"""What is asked behind a card stays open this long: ten seconds behind the word that the door is open, and somewhat more for old people."""
OPEN_ANSWER_S = 60.0
"""A question open to anyone takes one answer a reader in this time."""
EXPECT_S = 3600.0
"""A reader's port takes digits for answers at most so long without a new word; a notice stands on a screen for minutes."""

CARE_TICK_S = 60.0
"""Watched households are looked at once a minute: their limit is hours."""
CARE_GAP_S = 600.0
"""Looks that lie further apart: the process was stopped, and saw nobody; so much of it counts."""
CARE_KEEP_S = 600.0
CARE_KEEP_ALL_S = 3600.0
"""Signs of life are written down at most every ten minutes, how long each household has been silent every hour: 24 small writes a day."""
CARE_OFF_S = 40 * 86_400.0
"""Longer without power says no more than this: a limit is at most 30 days."""
CARE_METERS_MAX = 16
"""Meters named beside a household that is silent (contract)."""

METER_LITRES_H = 5000.0
METER_SPARE_LITRES = 1000
"""A meter of a flat lets through some 3 m³ an hour, 5 for a moment: more than that, and a thousand litres to spare, is no use of water."""
METER_LOOK_BACK = 6
"""Of so many readings the quietest says how much water always runs: in a usual home one of six hours is still."""

ALARM_FACTS_S = 60.0
"""An input's alarm is told at most this often: a detector at its threshold rattles. One that lasts is told when the time is over."""
BLIND_S = 60.0
"""What reads an alarm's input is gone for so long: told as an alarm of its own. A plug that is put back is none."""

HELP_PAGE_S = 60.0
"""Who called for help reads for this long who was called; the centre's words stay as long at most."""
HELP_LATE_S = 60.0
"""What a caller is told waits so long for a fire, an answer or somebody who types: longer, and nobody stands there any more."""
HELP_AGAIN_S = 30.0
"""Further calls within this are the same one."""
HELP_WAIT_S = 20.0
"""A centre that has not confirmed the call by then was not reached, as far as is said at the door: an answer takes a second or two."""
ERASE_S = 300.0
"""The store has answered an erasure by then, or it failed: it looks through what is kept of rosters, a second or so."""

OPEN_RATE = 6
OPEN_RATE_S = 60.0
"""At most 6 remote opens a minute and door (contract.md)."""
CARD_WAIT_S = 240.0
CARD_WAITS_S = 600.0
"""A reader waits for cards to be enrolled for 4 minutes in ten at most: some thirty cards, and nobody's account keeps a door from those who live there."""
CARD_WAIT_TONE_S = 15.0
"""While it does, its tone says so again this often: not every reader has a screen beside it."""
CARD_READ_TOLD_S = 15.0
"""What was read stays on the screen so long: two digits are told over the phone. The next person's tap ends it."""
CLOCK_SKEW_S = 5.0
"""`iat` may lie this far in the future (contract.md)."""
LIFETIME_SLACK_S = 0.01
"""A centre that reads its clock twice, or rounds `iat` to the millisecond, means 30 s when it says 30.0004."""
COMMAND_DURABLE_S = 2.0
"""An acceptance not on disk by then is refused (`storage`)."""
COURSE_S = 3.0
"""An open whose lock has not read back by then has failed (`device`)."""
RESTART_S = 2.0
"""`restart` waits this long for its outcome to be durable, then restarts anyway."""
REFUSALS_S = 60.0
"""At most one `refusals` fact in this time (contract.md)."""
REFUSED_RATE = 30
"""Signed commands refused in one `REFUSALS_S` that get their own fact and reply; more are only counted, so a replaying broker cannot fill the journal."""
SPEND_ALL_S = 1.0
"""In such a flood, what the next start has to know of it is written down at most this often."""
REVS_MAX = 10_000
"""Revisions kept by name, those of ended notices included: ten years of three notices a day. Beyond it the oldest ended notices are forgotten."""
KEPT_MAX = 256
"""Settings, and messages of kinds that have no limit of their own, in force at a time."""
REFUSED_ENTRIES = 512
"""Refused pieces of desired state kept by name, twice what a unit may have of notices; more are only counted."""
REPLIES_MAX = 64
"""Replies kept while the link is down."""
SEEN_MAX = 10_000
"""Command ids kept in memory (reliability.md 3.3); past ones fall out once expired."""

FLIGHT_MAX = 8
"""Batches sent and not yet confirmed."""
BATCH_FACTS = 500
BATCH_BYTES = 60 * 1024
"""Size of a batch (contract.md)."""
FIRST_FACTS = 50
"""Backlog on its way before the first confirm of a connection: 2,000 units that come back together are two seconds of a centre's work (contract.md)."""
RECEIPTS_AHEAD = 4
RECEIPTS_AHEAD_S = 60.0
"""At most so many receipts go ahead of a backlog in this time: a unit that was away for a month gets all its notices at once."""
UNCONFIRMED_S = 30.0
UNCONFIRMED_MAX_S = 600.0
"""Unconfirmed facts are sent again after 30 s, doubling to 10 min (contract.md)."""
SAMPLE_S = 10.0
"""A confirm sets the clock only if it answers a batch sent at most this long ago (contract.md)."""
SAMPLE_AGAIN_S = 300.0
"""A synced clock takes a further sample this often, or at once when it is off by a second."""
CLOCK_LEAP_S = 86_400.0
"""A confirm that is off by more than a day against what was known has leapt; a signed `iat` raises the floor up to a day past the last confirm."""
CLOCK_DOUBT_S = 3 * 86_400.0
"""A leap is proven by confirms that go on for three days: a centre whose clock was wrong for a day or a weekend has made nobody drop anything for good."""
KEEP_TIME_S = 60.0
"""What is known of the time goes to the journal with a record at most this often: it is in a write that is made anyway."""
KEEP_TIME_IDLE_S = 6 * 3600.0
"""Where nothing is recorded, it is written by itself this often: four small writes a day, and what a power cut can take."""
ASK_CONFIRM_S = 6 * 3600.0
"""With nothing to send, an empty batch this often (contract.md)."""
LOAD_RETRY_S = 5.0
"""A batch the store did not give is asked for again after this."""
REWIND_S = 1.0
"""Going back to what the centre lacks happens at most this often."""
STALE_S = 60.0
"""A digest that differs longer than this is `stale` (contract.md)."""
ASK_STALE_S = 300.0
"""A stale unit asks for a confirm this often, to hear when it is right again."""
ALARMS_MAX = 32
"""Alarms kept while the link is down."""

STATUS_MIN_S = 1.0
STATUS_EVERY_S = 300.0
"""Status: on change at most one a second, and every 5 minutes (contract.md)."""
ACTS_MAX = 32
"""Timers of one owner that are run in one step; more waits OVERDUE_S. A unit has fewer that can be due at once."""
OVERDUE_S = 1.0
"""What is still due after a step is looked at again after this, and never at once: no timer can keep the loop busy."""
DEVICE_FACTS_S = 60.0
"""A device's coming and going, and its tamper switch's, is written down at most this often; what fell out is counted in the next."""

UPDATE_READ_S = 30.0
"""How an update stands is looked at this often while one is ordered or under way."""
FETCH_SPREAD_S = 120.0
"""Units begin to fetch within so long of the word, each at a moment of its own."""
FETCH_RETRY_S = 60.0
FETCH_RETRY_MAX_S = 3600.0
"""A fetch that failed is tried again after the first, doubling up to the second, give or take a half."""
FETCH_MAX_S = 1800.0
"""One try may take so long: a server that dribbles holds nothing up for ever."""
BUNDLE_WRONG_MAX = 2
"""So often the bundle may be another than what was signed: once may be a cut of ours, twice is the far end's."""

CHECKPOINT_S = 60.0
"""A new checkpoint of the centre's record is written down at most so often."""
