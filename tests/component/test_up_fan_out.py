"""A study for two archives, one of which is away: Orthanc and the sandbox."""

from datetime import UTC, datetime
from pathlib import Path

import httpx

from standalone import study
from tests.support.orthanc import orthanc
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.spools import waiting
from tests.support.waiting import wait_until

SITE = """
[[destinations]]
name = "orthanc"
upload_uri = "{orthanc}"
preset = "orthanc"

[[destinations]]
name = "sandbox"
upload_uri = "{sandbox}"

[[routes]]
upload_to = ["orthanc", "sandbox"]
"""
RETRY = {"UPLOAD__RETRY_BASE": 0.2, "UPLOAD__RETRY_CAP": 1.0}


def instances_of(base: str) -> int:
    return len(httpx.get(f"{base}/instances", timeout=30).json() or [])


def test_one_archive_has_all_while_the_other_is_away_and_gets_all_later(tmp_path: Path) -> None:
    instances = list(study.instances(datetime(2026, 11, 25, tzinfo=UTC)))
    (archive := tmp_path / "orthanc").mkdir()
    port = free_port()
    site = tmp_path / "proxy.toml"
    with sandbox(tmp_path / "sandbox") as base:
        there = f"http://127.0.0.1:{port}/dicom-web/studies"
        site.write_text(SITE.format(orthanc=there, sandbox=f"{base}/studies"))
        with proxy(tmp_path / "proxy", CONFIG=site, **RETRY) as running:
            send(running.port, instances)
            wait_until(lambda: not waiting(running.spool, "sandbox"), 20, "the sandbox to have all")

            left = waiting(running.spool, "orthanc")
            assert len(left) == len(instances)
            assert {each.stat().st_nlink for each in left} == {1}  # one copy of the bytes
            assert instances_of(base) == len(instances)

            with orthanc(archive, port=port) as back:
                wait_until(lambda: not waiting(running.spool, "orthanc"), 30, "Orthanc to have all")
                assert len(back.held()) == len(instances)


def test_while_both_are_away_the_spool_holds_one_copy_under_two_names(tmp_path: Path) -> None:
    instances = list(study.instances(datetime(2026, 11, 25, tzinfo=UTC)))[:3]
    site = tmp_path / "proxy.toml"
    nowhere = f"http://127.0.0.1:{free_port()}/studies"
    site.write_text(SITE.format(orthanc=nowhere, sandbox=nowhere))
    with proxy(tmp_path / "proxy", CONFIG=site, **RETRY) as running:
        send(running.port, instances)

        names = [*waiting(running.spool, "orthanc"), *waiting(running.spool, "sandbox")]
        assert len(names) == 2 * len(instances)
        assert {each.stat().st_nlink for each in names} == {2}
        assert len({each.stat().st_ino for each in names}) == len(instances)
