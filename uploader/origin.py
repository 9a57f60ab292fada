"""A destination's origin server as the uploader sees it."""

from collections.abc import Sequence
from pathlib import Path

from shared.destination import Destination
from uploader.outcome import Outcome


class Origin:
    """One per destination and process: keeps its connections and its credentials.

    Building it raises ConfigurationError for credentials that cannot be used.
    """

    def __init__(self, destination: Destination) -> None:
        self.destination = destination

    def store(self, instances: Sequence[Path], *, ambiguous: bool = False) -> list[Outcome]:
        """Send the instances in one Store transaction (PS3.18 10.5): an outcome each, in order.

        `ambiguous`: an earlier attempt may have stored some of them, so a duplicate is a success.
        Raises DestinationFault (nothing is said about any instance, though some may be stored) and
        BatchRefused (only for several instances: send the halves).
        """
        raise NotImplementedError

    def verify(self, path: Path) -> bool | None:
        """Whether the origin server holds this SOP Instance UID, by QIDO-RS (PS3.18 10.6).

        None: it cannot say. Raises DestinationFault.
        """
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
