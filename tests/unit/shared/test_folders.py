"""Folders begin with the hour, end when they are full, and come back when they were removed."""

from pathlib import Path

from shared.folders import CAPACITY, Folders, make_root, names


def test_a_folder_serves_an_hour(tmp_path: Path) -> None:
    folders = Folders(tmp_path, sync=False)

    first = folders.take("cloud", urgent=False, at=7200.0)
    same = folders.take("cloud", urgent=False, at=10799.9)
    next_hour = folders.take("cloud", urgent=False, at=10800.0)

    assert first is same
    assert first.path == "cloud/routine/19700101020000"
    assert next_hour.path == "cloud/routine/19700101030000"


def test_a_full_folder_is_followed_by_another(tmp_path: Path) -> None:
    folders = Folders(tmp_path, sync=False)

    taken = [folders.take("cloud", urgent=True, at=7200.0) for _ in range(CAPACITY)]
    another = folders.take("cloud", urgent=True, at=7205.5)

    assert len(set(map(id, taken))) == 1
    assert another.path == "cloud/urgent/19700101020005"


def test_a_full_folder_is_followed_by_another_though_the_clock_stands_still(tmp_path: Path) -> None:
    """It was set back: receptions keep their order, and get the time of the last one."""
    folders = Folders(tmp_path, sync=False)

    taken = [folders.take("cloud", urgent=False, at=7200.0).path for _ in range(3 * CAPACITY)]

    assert sorted(set(taken)) == [f"cloud/routine/1970010102000{second}" for second in range(3)]


def test_destinations_and_priorities_have_folders_of_their_own(tmp_path: Path) -> None:
    folders = Folders(tmp_path, sync=True)

    for destination in ("cloud", "research"):
        for urgent in (True, False):
            folders.take(destination, urgent=urgent, at=0.0)

    assert names(tmp_path) == ["cloud", "research"]
    assert names(tmp_path / "cloud") == ["routine", "urgent"]


def test_a_removed_folder_is_made_again(tmp_path: Path) -> None:
    folders = Folders(tmp_path, sync=False)
    folder = folders.take("cloud", urgent=False, at=0.0)
    Path(folder.absolute).rmdir()

    filed = folders.file(
        lambda folder: Path(folder, "instance").touch(), "cloud", urgent=False, at=1.0
    )

    assert filed is not folder
    assert names(Path(filed.absolute)) == ["instance"]


def test_a_root_is_made_with_what_lacks_above_it(tmp_path: Path) -> None:
    make_root(tmp_path / "a" / "b" / "c", sync=True)

    assert (tmp_path / "a" / "b" / "c").is_dir()
