"""pynetdicom as a worklist SCU that loses no response."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import ModalityWorklistInformationFind  # type: ignore[attr-defined]

from tests.support.reactor import quiet

Responses = list[tuple[int, Dataset | None]]


@contextmanager
def associated(port: int, called_ae: str = "WORKLIST") -> Iterator[Association]:
    requestor = AE(ae_title="CT01")
    requestor.add_requested_context(ModalityWorklistInformationFind)
    association = requestor.associate("127.0.0.1", port, ae_title=called_ae)
    assert association.is_established
    try:
        yield association
    finally:
        association.release()


def pending(
    association: Association, identifier: Dataset, message_id: int = 1
) -> Iterator[tuple[Dataset, Dataset | None]]:
    """What is answered, as it comes."""
    quiet(association)
    return association.send_c_find(identifier, ModalityWorklistInformationFind, msg_id=message_id)


def responses(association: Association, identifier: Dataset) -> Responses:
    """Statuses and identifiers, to the final one."""
    return [(status.Status, answer) for status, answer in pending(association, identifier)]
