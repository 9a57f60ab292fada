"""A process that stood still for a while: its peers did not, and have been in time."""

import threading
import time
from functools import partial

from shared.dimse.service import Request
from tests.support.acceptor import RecordingOperation, RecordingService, accepting
from tests.support.raw_association import RawAssociation, c_store_rq, p_data
from tests.support.waiting import wait_until

LIMIT = 2.0  # seconds for a PDU
STANDSTILL = 3.0
STALLING = 99  # message ID


class Stalling(RecordingService):
    """Holds up the event loop, as a pause of the whole process does."""

    def __init__(self) -> None:
        super().__init__()
        self.stalled = threading.Event()
        self.begun = 0  # others

    def begin(self, request: Request) -> RecordingOperation:
        if request.message_id == STALLING:
            self.stalled.set()
            time.sleep(STANDSTILL)
        else:
            self.begun += 1
        return super().begin(request)

    def has_begun(self, count: int) -> bool:
        return self.begun == count


def test_what_came_meanwhile_is_read_before_deadlines_are_looked_at() -> None:
    service = Stalling()
    data = p_data(1, 2, bytes(1000))
    with (
        accepting(service, pdu_timeout=LIMIT) as running,
        RawAssociation(running.port) as good,
        RawAssociation(running.port) as other,
    ):
        good.associate()
        other.associate()
        for count in (1, 2):
            good.send(p_data(1, 3, c_store_rq()), data[:500])
            wait_until(partial(service.has_begun, count))
            other.send(p_data(1, 3, c_store_rq(message=STALLING)), p_data(1, 2, b"data"))
            assert service.stalled.wait(10)
            service.stalled.clear()
            good.send(data[500:])

            assert good.answer().status == 0
            assert other.answer().status == 0
