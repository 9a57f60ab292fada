"""The instances of one request, each as it is or converted, as the destination wants them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from shared.dicomweb.multipart import Part
from shared.ledger import Sent
from shared.record import Damaged
from shared.uid import shown
from uploader.elements import Malformed
from uploader.instance import Instance
from uploader.outcome import DAMAGED, GONE, Outcome, Verdict
from uploader.transcode import FORBIDDEN, Transcoder


class NotPacked(Exception):
    """An instance cannot go now; `outcome` says why."""

    def __init__(self, path: Path, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.path = path
        self.outcome = outcome


class Shipment:
    def __init__(self, transcode: Literal["required", "never"], *, hashed: bool = False) -> None:
        """`hashed`: have the outcomes tell the SHA-256 of what went as it is."""
        self._hashed = hashed
        self._required = transcode == "required"
        self._transcoder = Transcoder()
        self._converted: dict[Path, Part] = {}
        self._sent: dict[Path, Part] = {}  # as they are
        self._unconverted: dict[Path, str] = {}  # those that could not be, and why

    def part(self, instance: Instance) -> Part:
        """Raises NotPacked."""
        path = instance.path
        forbidden = self._required and instance.transfer_syntax in FORBIDDEN
        if forbidden or instance.meta_within:
            if path not in self._converted and path not in self._unconverted:
                self._convert(instance)
            if path in self._converted:
                return self._converted[path]
        part = self._sent[path] = Part(path, instance.size, hashed=self._hashed)
        return part

    def told(self, sent: Sequence[Instance], judged: Sequence[Outcome]) -> dict[Path, Outcome]:
        """The outcomes by file. What could not be converted went as it was, this once."""
        return {
            instance.path: self._final(instance, outcome)
            for instance, outcome in zip(sent, judged, strict=True)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transcoder.close()

    def _convert(self, instance: Instance) -> None:
        path = instance.path
        try:
            self._converted[path] = self._transcoder.part(instance, explicit=self._required)
        except Malformed as error:
            if instance.meta_within:  # as it is it would be taken for another instance
                detail = f"begins with file meta information, and {error}"
                raise NotPacked(path, Outcome(Verdict.REJECTED, 0, detail=detail)) from None
            self._unconverted[path] = str(error)
        except FileNotFoundError:
            raise NotPacked(path, GONE) from None
        except Damaged:
            raise NotPacked(path, DAMAGED) from None
        except OSError as error:  # no space, most likely
            outcome = Outcome(Verdict.POSTPONED, 0, detail=f"cannot be converted: {error.strerror}")
            raise NotPacked(path, outcome) from error

    def _final(self, instance: Instance, outcome: Outcome) -> Outcome:
        part = self._sent.get(instance.path)
        if outcome.delivered and part and part.sha256:
            known = Sent(shown(instance.sop_instance_uid), part.sha256)
            outcome = outcome._replace(sent=known)
        reason = self._unconverted.get(instance.path)
        if reason is None or outcome.outage or outcome.verdict is not Verdict.RETRYABLE:
            return outcome
        detail = f"cannot be converted as it {reason}; as it is: {outcome.detail}"
        return outcome._replace(verdict=Verdict.REJECTED, detail=detail, limit=1)
