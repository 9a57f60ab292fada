"""Associations in any order of doings, on real sockets: a good one works whatever others do."""

import contextlib
import threading

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from tests.support.acceptor import RecordingService, Running, accepting
from tests.support.raw_association import (
    CT,
    EXPLICIT,
    Asking,
    RawAssociation,
    c_echo_rq,
    c_store_rq,
    p_data,
    pdu,
)

CONTEXTS = st.integers(0, 5)
VALUES = st.binary(max_size=2000)


class Associations(RuleBasedStateMachine):
    connections = Bundle("connections")

    def __init__(self) -> None:
        super().__init__()
        self.service = RecordingService()
        self._acceptor = accepting(self.service, max_associations=50, max_pending=20)
        self.running: Running = self._acceptor.__enter__()
        self.open: list[RawAssociation] = []
        self.good = self._associated()

    def teardown(self) -> None:
        for each in (*self.open, self.good):
            each.socket.close()
        self._acceptor.__exit__(None, None, None)
        assert not [each for each in threading.enumerate() if each.name == "acceptor"]

    def _associated(self) -> RawAssociation:
        requestor = RawAssociation(self.running.port)
        requestor.associate(Asking(contexts=[(1, CT, [EXPLICIT]), (3, CT, [EXPLICIT])]))
        return requestor

    @rule(target=connections)
    def connect(self) -> RawAssociation:
        requestor = RawAssociation(self.running.port)
        self.open.append(requestor)
        return requestor

    @rule(target=connections)
    def associate(self) -> RawAssociation:
        requestor = self._associated()
        self.open.append(requestor)
        return requestor

    @rule(requestor=connections)
    def request_again(self, requestor: RawAssociation) -> None:
        self._send(requestor, Asking().encode())

    @rule(requestor=connections, context=CONTEXTS, control=st.integers(0, 3), value=VALUES)
    def send_anything(
        self, requestor: RawAssociation, context: int, control: int, value: bytes
    ) -> None:
        self._send(requestor, p_data(context, control, value))

    @rule(requestor=connections, context=CONTEXTS)
    def begin_to_store(self, requestor: RawAssociation, context: int) -> None:
        self._send(requestor, p_data(context, 3, c_store_rq()))

    @rule(requestor=connections, context=CONTEXTS, value=VALUES, last=st.booleans())
    def go_on_storing(
        self, requestor: RawAssociation, context: int, value: bytes, *, last: bool
    ) -> None:
        self._send(requestor, p_data(context, 2 if last else 0, value))

    @rule(requestor=connections)
    def echo(self, requestor: RawAssociation) -> None:
        self._send(requestor, p_data(1, 3, c_echo_rq()))

    @rule(requestor=connections, kind=st.sampled_from([2, 3, 5, 6, 7, 8]), body=VALUES)
    def send_a_pdu(self, requestor: RawAssociation, kind: int, body: bytes) -> None:
        self._send(requestor, pdu(kind, body[:4]))

    @rule(requestor=connections, data=VALUES)
    def send_garbage(self, requestor: RawAssociation, data: bytes) -> None:
        self._send(requestor, data)

    @rule(target=connections, requestor=consumes(connections))
    def vanish(self, requestor: RawAssociation) -> object:
        requestor.socket.close()
        return multiple()

    @invariant()
    def a_good_association_is_served(self) -> None:
        assert self.good.store(b"data").status == 0
        assert self.good.echo().status == 0

    @invariant()
    def no_operation_gets_contradictory_calls(self) -> None:
        assert not any(each.finished and each.abandoned for each in self.service.received)

    @staticmethod
    def _send(requestor: RawAssociation, data: bytes) -> None:
        with contextlib.suppress(OSError):  # the acceptor has closed it, as it should
            requestor.send(data)


TestAssociations = Associations.TestCase
TestAssociations.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)
