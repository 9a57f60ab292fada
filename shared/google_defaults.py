"""Where Google's Application Default Credentials come from, found without Google's library.

The receiver checks the same configuration and has neither that library nor a network to ask.
"""

import os
from pathlib import Path

from shared.destination import DEFAULT_SERVICE_ACCOUNT

FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
GCLOUD_VARIABLE, GCLOUD_FILE = "CLOUDSDK_CONFIG", "application_default_credentials.json"
METADATA_VARIABLE = "GCE_METADATA_HOST"
METADATA_HOST = "metadata.google.internal"
PRODUCT = Path("/sys/class/dmi/id/product_name")  # "Google Compute Engine", in its containers too


def default_file() -> Path | None:
    """The mounted secret if there is something in it, else what Google's variable names, else what
    gcloud keeps for applications.
    """
    try:
        if DEFAULT_SERVICE_ACCOUNT.read_bytes().strip():
            return DEFAULT_SERVICE_ACCOUNT
    except OSError:
        pass  # absent at its default path is absent, not wrong
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named)
    folder = os.environ.get(GCLOUD_VARIABLE) or f"{os.environ.get('HOME', '')}/.config/gcloud"
    kept = Path(folder) / GCLOUD_FILE
    return kept if kept.is_file() else None


def metadata_host() -> str | None:
    """The metadata server, which gives tokens to what runs in Google's cloud."""
    if named := os.environ.get(METADATA_VARIABLE):
        return named
    try:
        return METADATA_HOST if PRODUCT.read_text("ascii").startswith("Google") else None
    except (OSError, UnicodeDecodeError):
        return None
