"""The bills of materials name what the images install."""

import re

import pytest

from tests.support.sbom import ROOT, SERVICES, bill


@pytest.mark.parametrize("service", SERVICES)
def test_every_pinned_requirement_is_a_component_with_hashes(service: str) -> None:
    text = (ROOT / "requirements" / f"{service}.txt").read_text("utf-8")
    pinned = set(re.findall(r"^([a-zA-Z0-9._-]+)==", text, re.MULTILINE))

    components = bill(service)["components"]

    assert {each["name"] for each in components} == pinned
    assert all(
        any(entry["name"] == "pip:hash" for entry in each["properties"]) for each in components
    )


def test_licences_are_told_where_they_are_known() -> None:
    told = {each["name"]: each.get("licenses") for each in bill("receiver")["components"]}

    assert told["pydicom"]
