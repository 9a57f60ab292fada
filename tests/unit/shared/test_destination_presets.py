"""A preset fills in what is not set, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from shared.config import Settings
from shared.destination import Auth, AuthKind, Destination, DestinationPreset, Profile
from shared.destination_presets import ENTRA_SCOPE, PRESETS
from shared.sections import Upload
from shared.worklist_sections import WorklistSettings

URIS = {"upload_uri": "https://archive/studies", "worklist_uri": "https://archive/workitems"}


def resolved(destination: Destination, **sections: Any) -> Destination:
    [found] = Settings(destinations=(destination,), **sections).destinations
    return found


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_in_what_the_destination_leaves_out(preset: DestinationPreset) -> None:
    found = resolved(Destination.model_validate({"name": "a", "preset": preset, **URIS}))

    wanted = PRESETS[preset]
    assert {name: getattr(found, name) for name in wanted} == wanted
    plain = resolved(Destination.model_validate({"name": "a", **URIS}))
    changed = {
        name
        for name in Destination.model_fields
        if getattr(found, name) != getattr(plain, name) and name not in {"preset", "auth"}
    }
    assert changed <= wanted.keys()


@pytest.mark.parametrize(
    ("preset", "own"),
    [
        ("google", {"on_duplicate": "accept"}),
        ("google", {"worklist_profile": Profile.MWL_RS}),
        ("orthanc", {"batch_instances": 64}),
        ("aws", {"parallelism": 10}),
    ],
)
def test_what_the_destination_says_wins(preset: str, own: dict[str, object]) -> None:
    found = resolved(Destination.model_validate({"preset": preset, **URIS, **own}))

    assert {name: getattr(found, name) for name in own} == own


def test_the_preset_of_aws_signs_unless_another_way_is_said() -> None:
    aws = {"preset": "aws", **URIS}
    none = {**aws, "auth": {"kind": "none"}}

    assert resolved(Destination.model_validate(aws)).auth.kind is AuthKind.AWS
    assert resolved(Destination.model_validate(none)).auth.kind is AuthKind.NONE


def test_what_the_site_says_of_all_wins() -> None:
    aws = Destination.model_validate({"preset": "aws", **URIS})
    google = Destination.model_validate({"preset": "google", **URIS})

    assert resolved(aws).parallelism == 4
    assert resolved(aws, upload=Upload(parallelism=7)).parallelism == 7
    standard = WorklistSettings(profile=Profile.UPS_STANDARD)
    assert resolved(google, worklist=standard).worklist_profile is None


def test_azure_is_asked_for_its_own_scope(tmp_path: Path) -> None:
    oauth = {
        "kind": AuthKind.OAUTH2,
        "token_uri": "https://login.example/token",
        "client_id": "me",
        "client_secret_file": f"{tmp_path}/secret",
    }
    azure = Destination.model_validate({"preset": "azure", **URIS, "auth": oauth})
    scoped = azure.model_copy(update={"auth": Auth.model_validate({**oauth, "scopes": ["x"]})})

    found = resolved(azure).auth
    assert found.scopes == (ENTRA_SCOPE,)
    assert "scopes" in found.model_fields_set
    assert resolved(scoped).auth.scopes == ("x",)


def test_the_only_destination_may_have_one_too() -> None:
    settings = Settings(upload=Upload(uri="https://archive/studies", preset="orthanc"))

    assert settings.destinations[0].batch_instances == 10
