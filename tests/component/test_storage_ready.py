"""Whether the receiver says that it may be sent instances."""

from pathlib import Path

from receiver.storage import storage
from shared.sections import RedisSettings
from tests.support.delivery import settings
from tests.support.origins import destination
from tests.support.small_disk import small_disk


def test_a_spool_that_cannot_be_written_makes_it_unready(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    nobody = RedisSettings(url="redis://127.0.0.1:9/0")
    with small_disk(tmp_path / "disk") as disk:
        made = settings(nobody, disk.path, destination("http://127.0.0.1:9/studies"))
        with storage(made) as receiving:
            assert receiving.check() is None
            with disk.read_only():
                assert receiving.check() == "cannot be written"
            assert receiving.check() is None
