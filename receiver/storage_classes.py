"""Which abstract syntaxes are storage SOP classes: all of the standard's, and every private one.

A modality's newest or private object is an image like any other; a SOP class of another service is
refused at negotiation, so that its user learns it there.
"""

from functools import lru_cache

from pydicom.uid import UID

DICOM_ROOT = "1.2.840.10008."
STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."  # PS3.4 B.5; later editions add to it
NOT_OBJECTS = ("Storage Commitment", "Storage Management", "Media Storage Directory")


@lru_cache(maxsize=1024)
def is_storage(abstract_syntax: str) -> bool:
    if not abstract_syntax.startswith(DICOM_ROOT):
        return bool(abstract_syntax)
    known = UID(abstract_syntax)
    if not known.type or not known.name:
        return abstract_syntax.startswith(STORAGE_ROOT)
    return (
        known.type == "SOP Class"
        and "Storage" in known.name
        and not known.name.startswith(NOT_OBJECTS)
    )
