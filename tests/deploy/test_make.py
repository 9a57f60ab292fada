"""What make does, as it says itself."""

import subprocess

from tests.support.settings_reference import ROOT


def test_what_services_import_is_compiled_before_tests_start_them() -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--always-make", "-C", str(ROOT), "test"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    compiled, tested = (told.stdout.index(each) for each in ("-m compileall", "bin/pytest"))
    assert compiled < tested
