"""C-STORE requests that are wrong, and whose every text is a canary."""

from collections.abc import Iterator

from tests.support.canaries import canary
from tests.support.data_sets import data_set, element
from tests.support.raw_association import c_store_rq

NAME_AS_UID = canary(70_002)


def text() -> bytes:
    name = element(0x0010_0010, "PN", canary(70_001))
    return element(0x0008_0090, "PN", canary(70_000)) + name


def irregular() -> Iterator[tuple[bytes, bytes]]:
    uid = NAME_AS_UID
    yield c_store_rq(uid.encode()), data_set(instance=uid) + text()  # no UID, but a name
    yield c_store_rq(), data_set(instance=uid, study=canary(70_003))
    yield c_store_rq(), data_set(sop_class=canary(70_004)) + text()
    yield c_store_rq(b""), data_set(instance=None, study=None) + text()
    yield c_store_rq(), text()[:-3]  # ends within an element
    yield c_store_rq(), text() + b"\xff" * 64
    yield c_store_rq(sop_class=canary(70_005).encode()), data_set() + text()
    yield c_store_rq(), b""
