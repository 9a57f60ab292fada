"""An instance comes in in memory where there is room; where there is none no byte is lost."""

import os
from pathlib import Path

import pytest

from shared.memory import LARGE_PAGE
from shared.reception import Reception
from shared.record import BLOCK, LARGEST, MARK
from shared.staging import MOST, Staged, Staging
from tests.support.segmented import Gathering, gathering

FITS = LARGEST - BLOCK - MARK  # bytes


def staged(own: Gathering) -> Staged:
    found = own.spool.stage()
    assert isinstance(found, Staged)
    return found


def test_the_largest_that_fits_is_kept_in_a_segment(tmp_path: Path) -> None:
    data = os.urandom(FITS)
    with gathering(tmp_path) as own:
        entry = own.keep(data)

        assert own.segment(entry).stat().st_size == LARGEST
        assert own.segment(entry).read_bytes()[BLOCK:-MARK] == data


@pytest.mark.parametrize("piece", [1 << 20, 16_384, 1000])
@pytest.mark.parametrize("size", [FITS + 1, 3_000_000])
def test_what_is_too_large_spills_byte_for_byte(size: int, piece: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    with gathering(tmp_path) as own:
        reception = staged(own)
        for at in range(0, size, piece):
            reception.write(data[at : at + piece])

        assert not reception.in_memory
        assert reception.size == size
        [entry] = reception.in_file().keep(["cloud"])

        assert own.spool.file(entry).read_bytes() == data
        assert entry.size == size


def test_the_thirty_third_at_once_gets_a_file(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        at_once = [staged(own) for _ in range(MOST)]
        late = own.spool.stage()
        assert isinstance(late, Reception)
        late.write(b"late")
        [entry] = late.keep(["cloud"])
        assert own.spool.file(entry).read_bytes() == b"late"

        at_once[0].abandon()
        at_once[0].abandon()
        again = staged(own)
        assert isinstance(own.spool.stage(), Reception), "it was given back once"
        again.abandon()


def test_several_destinations_share_a_file(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        reception = staged(own)
        reception.write(b"for both")

        entries = reception.in_file().keep(["first", "second"])

        first, second = (own.spool.file(each) for each in entries)
        assert first.read_bytes() == b"for both"
        assert first.samefile(second)


def test_whoever_handed_it_over_takes_nothing_back(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        reception = staged(own)
        reception.write(b"handed over")
        other = reception.hand_over()
        reception.abandon()

        assert (reception.size, other.size) == (11, 11)
        assert other.in_memory
        assert not reception.in_memory
        assert bytes(other.record("name", bytes(8))[BLOCK : BLOCK + 11]) == b"handed over"
        with pytest.raises(ValueError, match="not in memory"):
            reception.hand_over()
        other.abandon()


def test_a_buffer_that_cannot_be_handed_over_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("shared.staging.checksum", fail)
    with gathering(tmp_path) as own:
        for _ in range(MOST + 1):
            reception = staged(own)
            with pytest.raises(MemoryError):
                reception.hand_over()
            reception.abandon()


def test_no_buffer_is_another_s_too() -> None:
    staging = Staging()
    buffers = [staging.take() for _ in range(MOST)]
    assert staging.take() is None

    for number, each in enumerate(buffers):
        assert each is not None
        each[:] = bytes([number]) * LARGEST

    assert [set(each or b"") for each in buffers] == [{number} for number in range(MOST)]


def test_buffers_are_used_again_and_show_nothing_of_before() -> None:
    staging = Staging()
    for number in range(3 * MOST):
        buffer = staging.take()
        assert buffer is not None
        one = Staged(staging, buffer, lambda: pytest.fail("it fits"))
        one.write(b"\xff" * (FITS - 5000 * (number % 2)))
        record = one.record("name", bytes(8))
        assert not bytes(record[BLOCK + one.size : -MARK]).strip(b"\0")
        one.abandon()
    assert staging._made == LARGE_PAGE // LARGEST
