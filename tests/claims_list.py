"""What the product claims, in a line each: the rules of the door and the faults it is built to survive.

A test names the claim it proves with `@pytest.mark.claim("D1")`. A rule that waits for its feature stands in NOT_YET with the reason.
"""

from __future__ import annotations

RULES = {
    "D1": "Fire beats everything: released within 1 s in any state, latched through crashes and behind no commit of a busy disk, ended only by a reset",
    "D2": "The exit button is local, within 200 ms, and never disabled where people escape",
    "D3": "Every unlock but fire ends by itself, in the relay or reader; 60 s at most",
    "D4": "At start: fire latch, safe outputs, then disk and network; exit and fire within 2 s whatever the disk does; a restart never pulses a lock",
    "D5": "What was commanded is read back; forced, held, no entry and lock faults are told",
    "D6": "Losing or regaining network, broker, centre, disk or display never releases a door nor stops a decision",
    "D7": "A local decision does not wait for the disk; an order that is late is not carried out; a remote open is committed first",
    "D8": "Five wrong PINs lock that reader's PIN entry, and nothing else",
    "D9": "With the clock unknown plain resident cards work, limits by time do not",
    "D10": "Check-ins and remote commands are durable before anybody is told",
    "D11": "What crashes the agent does not keep the door shut: door-only after three crashes in five minutes",
    "D12": "No card, key or code counts that was shown while nobody served its line (over 1 s): late is not at all",
}

NOT_YET: dict[str, str] = {}

FAULTS = {
    "F1": "kill -9 at random moments under load",
    "F2": "kill -9 at named points of a command's course",
    "F3": "power cut under a real kernel and file system",
    "F4": "every crash state of a recorded run of writes",
    "F5": "a memory card that lies about syncing",
    "F6": "power cut while keys, configuration or a database are swapped",
    "F7": "a crash loop: many starts in a minute",
    "F8": "bit flips in the databases",
    "F9": "databases truncated, empty, of random bytes, of another version, or not files at all",
    "F10": "disk full",
    "F11": "disk read-only, and back",
    "F12": "input and output errors from the disk, at random",
    "F13": "a slow disk",
    "F14": "a journal of a million facts",
    "F15": "broker away for days",
    "F16": "a flapping, half-open or reset connection",
    "F17": "broker killed, restarted, its persistence lost",
    "F18": "a black hole instead of the broker; no name service; no address",
    "F19": "a hostile broker: broken packets, oversize, floods",
    "F20": "stale opens: retained, queued, delayed",
    "F21": "every command several times, shuffled, over restarts",
    "F22": "a clone with the same client id",
    "F23": "one unit reading or writing another's topics",
    "F24": "TLS with the wrong certificate, name, authority, date or version",
    "F25": "mutated envelopes",
    "F26": "replay after reboot, loss of the database, or a clock set back",
    "F27": "messages signed for another unit, kind or by a key without that power",
    "F28": "key rotation with losses at any step",
    "F29": "guessing a PIN",
    "F30": "guessing or reusing a visitor code",
    "F31": "timing as a side channel",
    "F32": "the wall clock jumping by hours or years",
    "F33": "no clock at boot for days",
    "F34": "noise and fuzz on the serial lines",
    "F35": "a serial line with many errors",
    "F36": "a serial adapter unplugged and back under another name",
    "F37": "a serial port that hangs",
    "F38": "attacks on the reader's secure channel",
    "F39": "a relay that sticks, lies or reboots in mid-pulse",
    "F40": "fire in every state and beside every other fault",
    "F41": "the agent stopped dead with a door unlocked",
    "F42": "a chattering contact, and pulses of 400 ms",
    "F43": "no file descriptors, threads or memory left",
    "F44": "other work hogging processor and disk",
    "F45": "a storm of log lines",
    "F46": "broken configuration files",
    "F47": "signals to stop at any moment",
    "F48": "floods and odd contents of notices",
    "F49": "weeks of check-ins offline, the clock unknown for some",
    "F50": "a whole district of units coming back at once",
    "F51": "a week of mixed faults",
    "F52": "the service's exposure as systemd scores it",
    "F53": "upgrade and downgrade of the databases",
    "F54": "deleting a person leaves nothing behind",
    "F55": "a `serve` of several, or their database's server, killed while all units send",
    "F56": "an update that is broken, forged, never reaches the centre, or is cut off by power at any moment",
}

CLAIMS = RULES | FAULTS
