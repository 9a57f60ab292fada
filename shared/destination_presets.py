"""What is known of the usual origin servers, as settings: what a destination says itself wins.

Only what differs from the defaults, and each with its reason; see docs/destinations.md.
"""

from shared.destination import Auth, AuthKind, Destination, DestinationPreset, Profile

ENTRA_SCOPE = "https://dicom.healthcareapis.azure.com/.default"  # Azure's documentation

PRESETS: dict[DestinationPreset, dict[str, object]] = {
    "generic": {},
    "google": {
        # 409 means other bytes under the same UID: Google keeps the older ones.
        "on_duplicate": "quarantine",
        "worklist_profile": Profile.UPS_LEGACY_GOOGLE,
    },
    "azure": {"worklist_preset": "azure", "worklist_profile": Profile.UPS_STANDARD},
    "aws": {
        # Stores are throttled by quota: fewer at once ask less often in vain.
        "parallelism": 4,
    },
    "orthanc": {
        "batch_instances": 10,  # as many as Orthanc's own client sends at a time
    },
    "dcm4chee": {"worklist_preset": "dcm4chee", "worklist_profile": Profile.UPS_STANDARD},
}


def preset_of(destination: Destination) -> dict[str, object]:
    """The settings that its preset fills in."""
    known = PRESETS[destination.preset or "generic"]
    return {key: value for key, value in known.items() if key not in destination.model_fields_set}


def scoped(destination: Destination, auth: Auth) -> Auth:
    """The scope that Azure asks for, where an oauth2 destination names none."""
    asks = auth.kind is AuthKind.OAUTH2 and "scopes" not in auth.model_fields_set
    if destination.preset == "azure" and asks:
        return auth.model_copy(update={"scopes": (ENTRA_SCOPE,)})
    return auth
