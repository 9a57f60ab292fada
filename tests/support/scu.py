"""Instances sent by C-STORE, each answered Success."""

from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from standalone import modality
from standalone.modality import Target


def send(port: int, instances: Sequence[Dataset]) -> None:
    classes = {str(each.SOPClassUID) for each in instances}
    contexts = [modality.context(each, ExplicitVRLittleEndian) for each in classes]
    with modality.association(Target("127.0.0.1", port), contexts) as association:
        assert {modality.store(association, each) for each in instances} == {0x0000}
