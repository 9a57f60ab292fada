"""Negotiation, held against pynetdicom's where the two mean the same."""

import struct

from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC
from pynetdicom.presentation import build_context, negotiate_as_acceptor

from shared.dimse.negotiate import Agreement, Negotiator, Policy, accept
from shared.dimse.service import Operation, Request, Service
from tests.support.raw_association import Asking, Proposed

ORDER = ("1.2.840.10008.1.2.1", "*", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2")
VERIFICATION = "1.2.840.10008.1.1"
KNOWN = ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", VERIFICATION]
SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.3.4", "1.2.3.5"]


class Storage(Service):
    def __init__(self, *, transfer_syntaxes: frozenset[str] | None = None) -> None:
        self.transfer_syntaxes = transfer_syntaxes
        self.asked = 0

    def takes(self, abstract_syntax: str) -> bool:
        self.asked += 1
        return abstract_syntax in KNOWN[:2]

    def begin(self, request: Request) -> Operation:
        raise NotImplementedError


def negotiator(service: Service | None = None, order: tuple[str, ...] = ORDER) -> Negotiator:
    return Negotiator([service or Storage()], Policy(order, 131072))


def agree(negotiator: Negotiator, asking: Asking) -> Agreement:
    return negotiator.agree(asking.encode()[6:])


CONTEXTS = st.lists(
    st.tuples(
        st.integers(0, 127).map(lambda number: 2 * number + 1),
        st.sampled_from([*KNOWN, "1.2.3"]),
        st.lists(st.sampled_from(SYNTAXES), min_size=1, unique=True),
    ),
    unique_by=lambda context: context[0],
    max_size=12,
)


@given(CONTEXTS)
def test_results_are_those_of_pynetdicom(contexts: list[Proposed]) -> None:
    """Given the same transfer syntaxes in our order, that is: the choice among them is ours."""
    body = Asking(contexts=contexts).encode()[6:]
    answer = A_ASSOCIATE_AC()
    answer.decode(accept(body, negotiator().agree(body)))

    expected = {}
    for number, abstract, transfers in contexts:
        proposed = build_context(str(abstract), list(transfers))
        proposed.context_id = number
        ours = [build_context(each, _in_order(transfers)) for each in KNOWN]
        [result], _ = negotiate_as_acceptor([proposed], ours)
        expected[number] = result
    assert {each.presentation_context_id for each in answer.presentation_context} == set(expected)
    for item in answer.presentation_context:
        result = expected[item.presentation_context_id or 0]
        assert item.result == result.result
        if item.result == 0:
            assert item.transfer_syntax == result.transfer_syntax[0]


def _in_order(transfers: list[str] | tuple[str, ...] | object) -> list[str]:
    rank = {uid: number for number, uid in enumerate(ORDER)}
    assert isinstance(transfers, list)
    return sorted(transfers, key=lambda uid: rank.get(uid, rank["*"]))


def test_the_same_proposal_is_negotiated_once() -> None:
    service = Storage()
    ours = negotiator(service)
    first = agree(ours, Asking(calling=b"CT1"))
    asked = service.asked

    assert agree(ours, Asking(calling=b"CT2", called=b"OTHER")) is first
    assert service.asked == asked


def test_another_proposal_is_not_taken_for_the_same() -> None:
    ours = negotiator()

    assert agree(ours, Asking(max_length=16384)).maximum_length == 16384
    assert agree(ours, Asking(max_length=32768)).maximum_length == 32768


def test_what_is_kept_is_bounded() -> None:
    service = Storage()
    ours = negotiator(service)
    for number in range(2000):
        agree(ours, Asking(max_length=4096 + number))
    asked = service.asked

    agree(ours, Asking(max_length=4096 + 1999))
    assert service.asked == asked
    agree(ours, Asking(max_length=4096))
    assert service.asked > asked


def test_a_service_is_given_only_transfer_syntaxes_it_can_work_with() -> None:
    ours = negotiator(Storage(transfer_syntaxes=frozenset({"1.2.3.5"})))
    contexts = [(1, KNOWN[0], SYNTAXES), (3, KNOWN[0], SYNTAXES[:2]), (5, VERIFICATION, SYNTAXES)]

    agreed = agree(ours, Asking(contexts=contexts)).contexts

    assert [agreed[number].transfer_syntax for number in (1, 3, 5)] == ["1.2.3.5", "", SYNTAXES[0]]


def test_without_a_star_other_transfer_syntaxes_are_refused() -> None:
    ours = negotiator(order=("1.2.840.10008.1.2.1",))
    contexts = [(1, KNOWN[0], SYNTAXES[1:]), (3, KNOWN[0], SYNTAXES)]

    agreed = agree(ours, Asking(contexts=contexts)).contexts

    assert [agreed[number].transfer_syntax for number in (1, 3)] == ["", SYNTAXES[0]]


def test_the_answer_repeats_the_ae_titles_as_they_came() -> None:
    body = Asking(called=b"PROXY\0\0XX", calling="KÖLN".encode("latin-1")).encode()[6:]

    answer = accept(body, negotiator().agree(body))

    assert answer[10:42] == body[4:36]
    assert struct.unpack(">I", answer[2:6])[0] == len(answer) - 6


def test_many_roles_do_not_outgrow_their_item() -> None:
    role = b"\x54\0\0\x0c\0\x08" + b"1.2.3.44" + b"\1\1"
    agreement = agree(negotiator(), Asking(user_items=role * 4000))

    assert len(agreement.items) < 300
