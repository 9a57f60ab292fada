"""DIMSE messages as devices send them, right and wrong: each gets a status, none an abort."""

from collections.abc import Iterator

import pytest

from tests.support.acceptor import RecordingService, Running, accepting
from tests.support.raw_association import (
    CT,
    EXPLICIT,
    VERIFICATION,
    Asking,
    RawAssociation,
    c_echo_rq,
    c_store_rq,
    command,
    element,
    p_data,
    pdu,
    pdv,
    us,
)


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@pytest.fixture
def running(service: RecordingService) -> Iterator[Running]:
    with accepting(service) as running:
        yield running


@pytest.mark.parametrize("uid", [b"", b"1." + b"2" * 63, b"1." + b"2" * 300, b"not a uid", b"\0\0"])
def test_a_wrong_sop_instance_uid_gets_the_services_answer_not_an_abort(
    running: Running, service: RecordingService, uid: bytes
) -> None:
    service.status = 0x0117
    with RawAssociation(running.port) as requestor:
        requestor.associate()

        assert requestor.store(b"data", rq=c_store_rq(instance=uid)).status == 0x0117
        assert requestor.release() == 6
    assert service.received[0].request.affected_sop_instance_uid == uid.strip(b"\0").decode()


def test_a_padded_uid_is_known_without_its_padding(
    running: Running, service: RecordingService
) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.store(b"data", rq=c_store_rq(instance=b"1.2.3 \0\0", sop_class=b"1.2.9\0"))

    assert service.received[0].request.affected_sop_instance_uid == "1.2.3"
    assert service.received[0].request.affected_sop_class_uid == "1.2.9"


def test_an_operation_we_do_not_know_gets_a_status(
    running: Running, service: RecordingService
) -> None:
    rq = command(us(0x0100, 0x0140), us(0x0110, 9), us(0x0800, 1))  # N-CREATE-RQ
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        answer = requestor.store(b"attributes", rq=rq)

        assert (answer.status, answer.number(0x0100), answer.number(0x0120)) == (0x0211, 0x8140, 9)
        assert requestor.store(b"data").status == 0
    assert len(service.received) == 1


def test_a_store_on_a_context_that_was_refused_gets_a_status(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate(Asking(contexts=[(1, CT, [EXPLICIT]), (3, "1.2.3", [EXPLICIT])]))

        assert requestor.store(b"data", number=3).status == 0x0122
        assert requestor.store(b"data").status == 0


def test_an_echo_is_answered_on_any_context(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()

        answer = requestor.echo()

    assert (answer.status, answer.number(0x0100), answer.number(0x0120)) == (0, 0x8030, 1)


@pytest.mark.parametrize("follows", [b"", p_data(3, 2, b"data")])
def test_an_echo_that_says_there_is_a_data_set_is_answered(
    running: Running, follows: bytes
) -> None:
    echo = command(us(0x0100, 0x30), us(0x0110, 1), us(0x0800, 0))
    with RawAssociation(running.port, timeout=3) as requestor:
        requestor.associate(Asking(contexts=[(1, CT, [EXPLICIT]), (3, VERIFICATION, [EXPLICIT])]))
        requestor.send(p_data(3, 3, echo), follows)

        assert requestor.answer().status == 0
        assert requestor.store(b"data").status == 0


def test_a_response_that_nobody_asked_for_is_passed_over(running: Running) -> None:
    stray = command(us(0x0100, 0x8001), us(0x0120, 1), us(0x0800, 0x0101), us(0x0900, 0))
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, stray))

        assert requestor.echo().status == 0


@pytest.mark.parametrize("declared", [0x0001, 0x0101])
@pytest.mark.parametrize("field", [0x8001, 0x0FFF])
def test_the_data_set_of_what_needs_no_answer_passes_by(
    running: Running, field: int, declared: int
) -> None:
    stray = command(us(0x0100, field), us(0x0120, 1), us(0x0800, declared), us(0x0900, 0))
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, stray), p_data(1, 0, b"data"), p_data(1, 2, b" set"))

        assert requestor.echo().status == 0


def test_a_data_set_that_its_request_denies_passes_by(
    running: Running, service: RecordingService
) -> None:
    denied = command(element(0x0002, CT.encode()), us(0x0100, 1), us(0x0110, 1), us(0x0800, 0x0101))
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, denied), p_data(1, 2, b"all the same"))
        requestor.answer()

        assert requestor.store(b"data").status == 0
    assert [each.data for each in service.received] == [b"", b"data"]


def test_a_second_data_set_has_no_command(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, c_echo_rq()), p_data(1, 2, b"one"), p_data(1, 2, b"two"))
        requestor.answer()

        assert requestor.read()[0] == 7


def test_a_command_set_that_is_cut_off_is_answered_as_far_as_it_goes(
    running: Running, service: RecordingService
) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()

        assert requestor.store(b"data", rq=c_store_rq()[:-4]).status == 0
    assert service.received[0].request.affected_sop_instance_uid == ""


def test_fragments_may_be_cut_and_joined_in_any_way(
    running: Running, service: RecordingService
) -> None:
    rq = c_store_rq()
    one_pdu = pdu(4, pdv(1, 1, rq[:10]) + pdv(1, 1, b"") + pdv(1, 3, rq[10:]) + pdv(1, 0, b"ab"))
    two_pdvs = pdu(4, pdv(1, 0, b"") + pdv(1, 0, b"c" * 70_000))
    stream = one_pdu + two_pdvs + p_data(1, 0, b"d") + p_data(1, 2, b"")
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        for at in range(0, len(stream), 7919):
            requestor.send(stream[at : at + 7919])
        assert requestor.answer().status == 0

        for byte in p_data(1, 3, rq) + pdu(4, b"") + p_data(1, 2, b"slow"):
            requestor.send(bytes((byte,)))
        assert requestor.answer().status == 0

    assert [each.data for each in service.received] == [b"ab" + b"c" * 70_000 + b"d", b"slow"]


def test_a_pdu_longer_than_asked_for_is_taken(running: Running, service: RecordingService) -> None:
    data = bytes(3_000_000)
    with RawAssociation(running.port) as requestor:
        requestor.associate()

        assert requestor.store(data).status == 0
    assert service.received[0].data == data


@pytest.mark.parametrize("step", [1000, 100_000])
def test_requests_sent_ahead_are_answered_one_by_one_in_order(
    running: Running, service: RecordingService, step: int
) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        stream = b""
        for number in range(1, 6):
            rq = c_store_rq(message=number, instance=b"1.%d" % number)
            stream += p_data(1, 3, rq) + p_data(1, 2, b"%d" % number * 1000)
        stream += p_data(1, 3, c_echo_rq(6)) + pdu(5, bytes(4))
        for at in range(0, len(stream), step):
            requestor.send(stream[at : at + step])

        assert [requestor.answer().number(0x0120) for _ in range(6)] == [1, 2, 3, 4, 5, 6]
        assert requestor.read()[0] == 6
    assert [each.data[:1] for each in service.received] == [b"1", b"2", b"3", b"4", b"5"]


def test_the_order_of_elements_does_not_matter(running: Running, service: RecordingService) -> None:
    rq = command(
        us(0x0800, 1), element(0x1000, b"1.2.3\0"), us(0x0110, 3), us(0x0700, 1), us(0x0100, 1)
    )
    with RawAssociation(running.port) as requestor:
        requestor.associate()

        assert requestor.store(b"data", rq=rq).number(0x0120) == 3
    assert service.received[0].request.priority == 1
