"""The workflow that releases: read as text, for it runs on GitHub alone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RELEASE = ROOT / ".github" / "workflows" / "release.yml"


@pytest.fixture
def images() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load(RELEASE.read_text("utf-8"))["jobs"]["images"]
    return job


def test_every_image_is_released(images: dict[str, Any]) -> None:
    stages = re.findall(r"AS image-(\w+)", (ROOT / "Dockerfile").read_text("utf-8"))

    assert sorted(images["strategy"]["matrix"]["service"]) == sorted(stages)


def test_every_action_has_a_full_version(images: dict[str, Any]) -> None:
    actions = [step["uses"] for step in images["steps"] if "uses" in step]

    assert [each for each in actions if not re.search(r"@v\d+\.\d+\.\d+$", each)] == []


def test_an_image_has_two_architectures_bill_of_materials_provenance_and_signature(
    images: dict[str, Any],
) -> None:
    [build] = [step["with"] for step in images["steps"] if step.get("id") == "build"]

    assert build["platforms"] == "linux/amd64,linux/arm64"
    assert build["sbom"] is True
    assert build["provenance"] == "mode=max"
    assert images["permissions"]["id-token"] == "write"
    signing = [step for step in images["steps"] if "cosign sign" in step.get("run", "")]
    assert "steps.build.outputs.digest" in signing[0]["env"]["IMAGE"]


def test_nothing_from_outside_is_pasted_into_a_script(images: dict[str, Any]) -> None:
    assert [step["run"] for step in images["steps"] if "${{" in step.get("run", "")] == []
