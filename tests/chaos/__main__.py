"""`python -m tests.chaos [SEED]`: breaks everything while modalities send, and counts the lost.

CHAOS=short (about 2 minutes), default (about 15), long (hours). Prints the seed: the same seed
makes the same faults in the same order. CHAOS_LOGS: a folder for the logs of a run that failed.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos import faults, scale
from tests.chaos.rig import Rig, rig
from tests.chaos.senders import Senders
from tests.chaos.verdict import Verdict, judge, waiting
from tests.support.waiting import wait_until

SHARE = 0.5  # of the time between faults that one lasts


def main(arguments: list[str]) -> int:
    seed = int(arguments[0]) if arguments else random.SystemRandom().randrange(10**6)
    chosen = scale.chosen()
    if missing := faults.without_clock():
        say(f"No clocks are changed: {missing}")
        if os.environ.get("CI"):
            return 1
    say(f"seed {seed}: {chosen.instances} instances, {chosen.faults} faults")
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, rig(Path(folder), seed) as running:
        made = Path(folder) / "made"
        made.mkdir()
        senders = Senders(running, chosen, made)
        senders.start()
        interrupted = befall(running, chosen, seed)
        senders.join()
        try:
            wait_until(lambda: not waiting(running), chosen.patience, "the spool is empty")
        except TimeoutError as error:
            say(str(error))
        verdict = judge(running, senders.sent, interrupted)
        report(running, senders, verdict)
        return conclude(running, verdict)


def befall(running: Rig, chosen: scale.Scale, seed: int) -> int:
    """Requests, at most, that an uploader could not settle."""
    interrupted = 0
    began = time.monotonic()
    for number, fault in enumerate(faults.schedule(seed, chosen.faults)):
        due = began + (number + 0.3) * chosen.every
        time.sleep(max(0.0, due - time.monotonic()))
        say(f"{time.monotonic() - began:6.1f} s  {fault.name}")
        fault.befall(running, chosen.every * SHARE)
        interrupted += fault.interrupts
    return interrupted


def report(running: Rig, senders: Senders, verdict: Verdict) -> None:
    sent = senders.sent
    statuses = ", ".join(f"{status:04X}: {n}" for status, n in sorted(sent.statuses.items()))
    say(f"C-STORE statuses {statuses}; slowest {sent.slowest:.2f} s")
    say(f"associations broken {sent.broken}; Store requests {running.origin.requests}")
    say(
        f"duplicates {verdict.duplicates} (at most {verdict.may_be_duplicates}), all identical: "
        f"{'no' if verdict.not_identical else 'yes'}"
    )
    say(
        f"sent {verdict.sent}  stored {verdict.stored}  duplicate {verdict.duplicates}  "
        f"quarantined {verdict.quarantined} of {verdict.poison}  lost {verdict.lost}"
    )


def conclude(running: Rig, verdict: Verdict) -> int:
    found = list(verdict.faults())
    for each in found:
        say(f"FAILED: {each}")
    if found and (kept := os.environ.get("CHAOS_LOGS")):
        running.keep_logs(Path(kept))
    return 1 if found else 0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
