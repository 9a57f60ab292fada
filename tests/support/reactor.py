"""The thread of a pynetdicom association that takes whatever comes, also the answer to our request:
pynetdicom holds it for a request, and believes that it is held a moment before it is.
"""

from threading import Event

from pynetdicom.association import Association

_PATIENCE = 10.0  # s


class _Checkpoint(Event):
    """Where that thread is held; tells when it has come here."""

    def __init__(self) -> None:
        super().__init__()
        self.set()
        self._reached = Event()

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self._reached.set()
        return super().wait(timeout)

    def hold(self) -> None:
        if self.is_set():
            self._reached.clear()
            self.clear()
            assert self._reached.wait(_PATIENCE)


def quiet(association: Association) -> None:
    """Hold it until our next request has been answered."""
    if not isinstance(association._reactor_checkpoint, _Checkpoint):
        association._reactor_checkpoint = _Checkpoint()
    association._reactor_checkpoint.hold()
