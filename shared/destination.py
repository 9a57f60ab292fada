"""Where instances go and worklists come from: the [[destinations]] of the configuration."""

import re
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

DEFAULT_SERVICE_ACCOUNT = Path("/run/secrets/service_account")
CLOUD_HEALTHCARE = "https://www.googleapis.com/auth/cloud-healthcare"
MEBIBYTE = 1024 * 1024


class Section(BaseModel):
    """A table of the TOML file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class AuthKind(StrEnum):
    NONE = "none"
    GOOGLE = "google"
    BASIC = "basic"
    BEARER_FILE = "bearer_file"


class Auth(Section):
    """How to authenticate to a destination. Secrets are files, never values."""

    kind: AuthKind | None = Field(
        default=None,
        description="google, basic, bearer_file or none. Unset: google if a service account file "
        "is set or the host ends in googleapis.com, else none.",
    )
    service_account_file: Path | None = Field(
        default=None, description="Google service-account key, a JSON file."
    )
    scopes: tuple[str, ...] = Field(
        default=(CLOUD_HEALTHCARE,), min_length=1, description="OAuth2 scopes of a Google token."
    )
    username: str = Field(default="", description="User name of HTTP Basic.")
    password_file: Path | None = Field(default=None, description="Password of HTTP Basic.")
    token_file: Path | None = Field(
        default=None, description="Bearer token; read again when the file changes."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = {
            AuthKind.BASIC: "password_file" if not (self.username and self.password_file) else "",
            AuthKind.BEARER_FILE: "" if self.token_file else "token_file",
        }.get(self.kind or AuthKind.NONE, "")
        if missing:
            needed = "username and password_file" if missing == "password_file" else missing
            raise ValueError(f'kind = "{self.kind}" needs {needed}')
        return self


WorklistPreset = Literal["generic", "dcm4chee", "azure", "pyupsrs", "emulator"]


class Profile(StrEnum):
    """Dialect of the worklist search."""

    UPS_STANDARD = "ups-standard"
    UPS_LEGACY_GOOGLE = "ups-legacy-google"
    MWL_RS = "mwl-rs"


def _service_uri(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URI")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must have no user info, query or fragment; credentials belong in auth")
    return value.strip().rstrip("/")


ServiceUri = Annotated[str, AfterValidator(_service_uri)]


def is_loopback(uri: str) -> bool:
    host = urlsplit(uri).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_exposed(uri: str | None) -> bool:
    """Whether patient data would cross a network in the clear."""
    return bool(uri) and urlsplit(uri or "").scheme == "http" and not is_loopback(uri or "")


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", value):
        raise ValueError("must be 1 to 40 of a-z, 0-9, - and _, and begin with a letter or digit")
    return value


class Destination(Section):
    """An origin server: a STOW-RS studies resource, a UPS-RS workitems resource, or both."""

    name: Annotated[str, AfterValidator(_name)] = Field(
        default="default", description="What routes, logs and the spool's folders call it."
    )
    upload_uri: ServiceUri | None = Field(
        default=None, description="The studies resource of STOW-RS (PS3.18 10.5)."
    )
    worklist_uri: ServiceUri | None = Field(
        default=None, description="The workitems resource of UPS-RS (PS3.18 11.9)."
    )
    worklist_profile: Profile | None = Field(
        default=None, description="Dialect of its worklist; unset: worklist.profile."
    )
    worklist_preset: WorklistPreset | None = Field(
        default=None, description="Which keys it is known to match; unset: worklist.preset."
    )
    auth: Auth = Auth()
    insecure: bool = Field(
        default=False, description="Allow plain http to a host that is not loopback."
    )
    ca_file: Path | None = Field(default=None, description="Trust these certificates as well.")
    parallelism: int = Field(
        default=10, ge=1, le=256, description="Store requests in flight at most."
    )
    batch_instances: int = Field(default=64, ge=1, le=1000, description="Instances in a request.")
    batch_bytes: int = Field(
        default=64 * MEBIBYTE, ge=1, description="Bytes in a request; a larger instance goes alone."
    )
    timeout: float = Field(
        default=60.0, gt=0, le=3600, description="Seconds without progress before a request fails."
    )
    transcode: Literal["required", "never"] = Field(
        default="required",
        description="required: convert what PS3.18 8.7.3 forbids (Implicit VR LE, Explicit VR BE, "
        "Deflated) to Explicit VR LE; never: send everything as received.",
    )
    on_duplicate: Literal["accept", "quarantine", "overwrite"] = Field(
        default="accept",
        description="What to do when the server holds other bytes under the same UID.",
    )
    trust_empty_200: bool = Field(default=False, description="Take an empty 200 answer as stored.")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.upload_uri and not self.worklist_uri:
            raise ValueError("needs upload_uri, worklist_uri or both")
        plain = [key for key in ("upload_uri", "worklist_uri") if is_exposed(getattr(self, key))]
        if plain and not self.insecure:
            raise ValueError(
                "\n".join(f"{key} must be https (or say insecure = true)" for key in plain)
            )
        return self
