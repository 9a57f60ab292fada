"""What a data set is held against, asked in two ways that must agree."""

from hypothesis import example, given
from hypothesis import strategies as st

from receiver.validation import NAMELESS, broken_rules, is_regular
from shared.dimse.service import Peer, Request
from shared.head import Head
from shared.head_tags import SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID

EXPLICIT = "1.2.840.10008.1.2.1"
PEER = Peer("a", "CT", "PROXY", "127.0.0.1", 4008)
UIDS = st.sampled_from(["1.2.3", "1.2.3.4", "1.2..3", "one", "", "1." * 40 + "1"])


@given(UIDS, UIDS, UIDS, UIDS, UIDS, st.none() | UIDS, st.booleans())
@example("1.2", "1.2", "1.2", "1.2.3", "1.2.3", "1.2.4", False)
def test_regular_is_what_breaks_no_rule(
    context: str,
    of_class: str,
    its_class: str,
    instance: str,
    its_instance: str,
    study: str | None,
    mislabelled: bool,
) -> None:
    request = Request(PEER, context, EXPLICIT, 1, 1, of_class, instance, 0)
    head = Head(EXPLICIT)
    head.values = {SOP_CLASS_UID: its_class, SOP_INSTANCE_UID: its_instance}
    if study is not None:
        head.values[STUDY_INSTANCE_UID] = study
    head.mislabelled = mislabelled

    broken = NAMELESS.broken(request, head) or broken_rules(request, head)

    assert is_regular(request, head) is not bool(broken)


def test_an_instance_without_uids_anywhere_is_not_regular() -> None:
    request = Request(PEER, "1.2", EXPLICIT, 1, 1, "1.2", "", 0)

    assert not is_regular(request, Head(EXPLICIT))
