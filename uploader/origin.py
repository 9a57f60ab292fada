"""A destination's origin server as the uploader sees it."""

import errno
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared import kept
from shared.destination import Destination
from shared.errors import DestinationFault
from shared.record import Damaged
from shared.sender import Sender
from shared.uri_template import has_variables, resolved
from uploader.duplicates import settle
from uploader.instance import Instance, NotAnInstance, read_instance
from uploader.outcome import DAMAGED, GONE, BatchRefused, Outcome, Verdict
from uploader.pace import Pace
from uploader.shipment import NotPacked
from uploader.studies import Studies

# What befalls the next file too, and not for good: too many open, too little memory, NFS.
PASSING = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ESTALE, errno.ETIMEDOUT}
)

_LATER = Outcome(Verdict.RETRYABLE, 0, detail="the destination failed before its turn")


class Origin:
    """One per destination and process: keeps its connections and its credentials.

    Building it raises ConfigurationError for credentials that cannot be used.
    """

    def __init__(
        self, destination: Destination, pace: Pace | None = None, *, hashed: bool = False
    ) -> None:
        """`hashed`: as of Shipment."""
        self.destination = destination
        self.pace = pace
        self._uri = destination.upload_uri or ""
        self.has_variables = has_variables(self._uri)  # in its URI
        self._studies = Studies(destination, pace, hashed=hashed)

    @property
    def token_seconds(self) -> float | None:
        """Until the access token ends; None: there is none."""
        return self._studies.token_seconds

    def uri(self, sender: Sender) -> str:
        """Of the studies resource, for what came from this sender."""
        return resolved(self._uri, sender)

    def store(
        self, instances: Sequence[Path], *, ambiguous: bool = False, uri: str = ""
    ) -> list[Outcome]:
        """Send the instances in one Store transaction (PS3.18 10.5): an outcome each, in order.

        `uri`: where to, if it depends on their sender. `ambiguous`: an earlier attempt may have
        stored some of them, so a duplicate is a success.
        Raises DestinationFault (nothing is said about any instance, though some may be stored) and
        BatchRefused (only for several instances: send the halves).
        """
        studies = self._at(uri)
        outcomes: dict[int, Outcome] = {}
        readable: dict[int, Instance] = {}
        for index, path in enumerate(instances):
            found = _read(path)
            if isinstance(found, Instance):
                readable[index] = found
            else:
                outcomes[index] = found
        for number, batch in enumerate(_rounds(readable)):
            try:
                judged = studies.store(list(batch.values()))
            except (DestinationFault, BatchRefused):
                if number == 0:
                    raise
                judged = [_LATER] * len(batch)  # the outcomes of the first request must be heeded
            for (index, instance), outcome in zip(batch.items(), judged, strict=True):
                alone = len(readable) == 1
                outcomes[index] = self._settled(
                    outcome, instance, studies, ambiguous=ambiguous, alone=alone
                )
        return [outcomes[index] for index in range(len(instances))]

    def verify(self, path: Path, uri: str = "") -> bool | None:
        """Whether the origin server holds this SOP Instance UID, by QIDO-RS (PS3.18 10.6).

        None: it cannot say, or it has other bytes there and the policy is to know of that. One that
        shows no bytes is believed, as after an answer that was lost. Raises DestinationFault.
        """
        try:
            found = _read(path)
            return self._held(found, self._at(uri)) if isinstance(found, Instance) else None
        except (OSError, NotPacked):
            return None

    def close(self) -> None:
        self._studies.close()

    def _at(self, uri: str) -> Studies:
        return self._studies.at(uri or self.uri(Sender()))

    def _held(self, instance: Instance, studies: Studies) -> bool | None:
        held = studies.holds(instance)
        compares = held and self.destination.on_duplicate != "accept"
        return None if compares and studies.holds_the_same(instance) is False else held

    def _settled(
        self,
        outcome: Outcome,
        instance: Instance,
        studies: Studies,
        *,
        ambiguous: bool,
        alone: bool,
    ) -> Outcome:
        # In company a 409 is about those it names: some archives store all of a request or nothing.
        if outcome.verdict is Verdict.UNACCOUNTED and not alone:
            return outcome
        try:
            policy = self.destination.on_duplicate
            return settle(outcome, instance, policy, studies, ambiguous=ambiguous)
        except Damaged:
            return DAMAGED
        except OSError:
            return GONE
        except NotPacked as error:
            return error.outcome
        except DestinationFault:
            if alone:
                raise
            return _LATER


def _read(path: Path) -> Instance | Outcome:
    try:
        return read_instance(path)
    except FileNotFoundError:
        return GONE
    except Damaged:
        return DAMAGED
    except OSError as error:
        verdict = Verdict.POSTPONED if error.errno in PASSING else Verdict.REJECTED
        return Outcome(verdict, 0, detail=f"cannot be read ({error.strerror})")
    except NotAnInstance as error:
        return _damaged(path) or Outcome(Verdict.REJECTED, 0, detail=str(error))


def _damaged(path: Path) -> Outcome | None:
    """DAMAGED, where the disk is to blame that it is no instance."""
    try:
        with kept.stream(path):
            return None
    except Damaged:
        return DAMAGED
    except OSError:
        return None


def _rounds(instances: dict[int, Instance]) -> Iterator[dict[int, Instance]]:
    """No UID twice in a request: the answer could not tell which of two was stored."""
    while instances:
        first: dict[str, int] = {}
        for index, instance in instances.items():
            first.setdefault(instance.sop_instance_uid, index)
        yield {index: instances[index] for index in first.values()}
        sent = set(first.values())
        instances = {index: each for index, each in instances.items() if index not in sent}
