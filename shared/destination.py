"""Where instances go and worklists come from: the [[destinations]] of the configuration."""

import re
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from shared.bandwidth import Bandwidth, Hours
from shared.section import Section
from shared.uri_template import checked, has_variables

DEFAULT_SERVICE_ACCOUNT = Path("/run/secrets/service_account")
CLOUD_HEALTHCARE = "https://www.googleapis.com/auth/cloud-healthcare"
MEBIBYTE = 1024 * 1024


def _service_uri(value: str) -> str:
    uri = value.strip()
    try:
        parts = urlsplit(uri)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        whole = False
    if not whole or not uri.isprintable() or any(each in uri for each in " \\"):
        raise ValueError("must be an absolute http or https URI")
    if "@" in parts.netloc or "?" in uri or "#" in uri:
        raise ValueError("must have no user info, query or fragment; credentials belong in auth")
    return uri.rstrip("/")


def _without_variables(value: str) -> str:
    if has_variables(value):
        raise ValueError("must have no variables: they are for the URI of uploads alone")
    return value


ServiceUri = Annotated[str, AfterValidator(_service_uri), AfterValidator(_without_variables)]
UploadUri = Annotated[str, AfterValidator(_service_uri), AfterValidator(checked)]


def is_loopback(uri: str) -> bool:
    host = urlsplit(uri).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_exposed(uri: str | None) -> bool:
    """Whether patient data would cross a network in the clear."""
    return bool(uri) and urlsplit(uri or "").scheme == "http" and not is_loopback(uri or "")


class AuthKind(StrEnum):
    NONE = "none"
    GOOGLE = "google"
    OAUTH2 = "oauth2"
    BASIC = "basic"
    BEARER_FILE = "bearer_file"
    AWS = "aws"


class Auth(Section):
    """How to authenticate to a destination. Secrets are files, never values."""

    kind: AuthKind | None = Field(
        default=None,
        description="google, oauth2 (client credentials), basic, bearer_file, aws (Signature "
        "Version 4) or none. Unset: google if a service account file is set or the host ends in "
        'googleapis.com, aws with preset = "aws", else none.',
    )
    service_account_file: Path | None = Field(
        default=None,
        description="Google service-account key, or the configuration of a workload identity "
        "federation: a JSON file. google without one uses Application Default Credentials.",
    )
    scopes: tuple[str, ...] = Field(
        default=(CLOUD_HEALTHCARE,),
        min_length=1,
        description="OAuth 2 scopes of a token. The default is for google; oauth2 has none.",
    )
    token_uri: ServiceUri | None = Field(
        default=None, description="Token endpoint of oauth2 (RFC 6749 3.2)."
    )
    client_id: str = Field(default="", description="Client of oauth2.")
    client_secret_file: Path | None = Field(default=None, description="Client secret of oauth2.")
    client_secret_in: Literal["body", "header"] = Field(
        default="body", description="Where the token endpoint expects the secret (RFC 6749 2.3.1)."
    )
    client_assertion_file: Path | None = Field(
        default=None,
        description="Token by which whoever runs the oauth2 client vouches for it (RFC 7523 2.2), "
        "as a Kubernetes cluster does for a service account; read again for each token.",
    )
    private_key_file: Path | None = Field(
        default=None,
        description="Key (PEM, RSA or P-256) of an oauth2 client that signs assertions (RFC 7523).",
    )
    private_key_id: str = Field(
        default="", description="Key ID (kid) that the token endpoint knows that key by."
    )
    private_key_certificate_file: Path | None = Field(
        default=None, description="Certificate of that key, for its thumbprint: Entra asks for it."
    )
    audience: str = Field(
        default="", description="Audience of an oauth2 token, where the token endpoint wants one."
    )
    username: str = Field(default="", description="User name of HTTP Basic.")
    password_file: Path | None = Field(default=None, description="Password of HTTP Basic.")
    token_file: Path | None = Field(
        default=None, description="Bearer token; read again when the file changes."
    )
    region: str = Field(
        default="", description="Region of aws; unset: of the host's name, else as AWS' tools do."
    )
    service: str = Field(default="medical-imaging", description="Service that aws signs for.")
    profile: str = Field(
        default="", description="Profile of aws; unset: as AWS' tools do (AWS_PROFILE, default)."
    )
    credentials_file: Path | None = Field(
        default=None,
        description="Shared credentials file of aws; unset: environment, files and roles as AWS' "
        "tools look for them.",
    )
    payload: Literal["sha256", "streaming"] = Field(
        default="sha256",
        description="How aws vouches for a body: by its hash, or as in AWS' example for "
        "HealthImaging, which leaves it to TLS (decision 0013).",
    )
    token_timeout: float = Field(
        default=10.0,
        gt=0,
        le=300,
        description="Seconds for an exchange with a token endpoint; timeout if that is less.",
    )
    client_certificate_file: Path | None = Field(
        default=None, description="Certificate, with its chain, that we show in TLS; any kind."
    )
    client_key_file: Path | None = Field(default=None, description="Private key of that, PEM.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := self._missing():
            raise ValueError(f'kind = "{self.kind}" needs {missing}')
        if len(self._proofs()) > 1:
            raise ValueError(f"{' and '.join(self._proofs())} exclude one another")
        if bool(self.client_certificate_file) != bool(self.client_key_file):
            raise ValueError("client_certificate_file and client_key_file need one another")
        if self.token_uri and is_exposed(self.token_uri):
            raise ValueError("token_uri must be https")
        return self

    def _proofs(self) -> list[str]:
        """The settings by which an oauth2 client proves who it is."""
        keys = ("client_secret_file", "private_key_file", "client_assertion_file")
        return [key for key in keys if getattr(self, key)]

    def _missing(self) -> str:
        needed: dict[AuthKind, dict[str, object]] = {
            AuthKind.BASIC: {"username": self.username, "password_file": self.password_file},
            AuthKind.BEARER_FILE: {"token_file": self.token_file},
            AuthKind.OAUTH2: {
                "token_uri": self.token_uri,
                "client_id": self.client_id,
                "client_secret_file, private_key_file or client_assertion_file": self._proofs(),
            },
        }
        mine = needed.get(self.kind or AuthKind.NONE, {})
        return " and ".join(mine) if not all(mine.values()) else ""


WorklistPreset = Literal["generic", "dcm4chee", "azure", "pyupsrs", "emulator"]


DestinationPreset = Literal["generic", "google", "azure", "aws", "orthanc", "dcm4chee"]


class Profile(StrEnum):
    """Dialect of the worklist search."""

    UPS_STANDARD = "ups-standard"
    UPS_LEGACY_GOOGLE = "ups-legacy-google"
    MWL_RS = "mwl-rs"


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", value):
        raise ValueError("must be 1 to 40 of a-z, 0-9, - and _, and begin with a letter or digit")
    return value


class Destination(Section):
    """An origin server: a STOW-RS studies resource, a UPS-RS workitems resource, or both."""

    name: Annotated[str, AfterValidator(_name)] = Field(
        default="default", description="What routes, logs and the spool's folders call it."
    )
    preset: DestinationPreset | None = Field(
        default=None,
        description="Kind of origin server: fills in what is known of it and not set here.",
    )
    upload_uri: UploadUri | None = Field(
        default=None,
        description="The studies resource of STOW-RS (PS3.18 10.5). {called_ae}, {calling_ae} and "
        "{modality} in its path stand for those of each instance.",
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
    tls_minimum: Literal["1.2", "1.3"] = Field(
        default="1.2", description="Oldest version of TLS that is spoken to it."
    )
    parallelism: int = Field(
        default=10, ge=1, le=256, description="Store requests in flight at most."
    )
    batch_instances: int = Field(
        default=256,
        ge=1,
        le=1000,
        description="Instances in a request; beyond 64 only while it answers within a second.",
    )
    batch_bytes: int = Field(
        default=64 * MEBIBYTE, ge=1, description="Bytes in a request; a larger instance goes alone."
    )
    timeout: float = Field(
        default=60.0, gt=0, le=3600, description="Seconds without progress before a request fails."
    )
    connect_timeout: float = Field(
        default=10.0,  # three lost SYNs, and still well inside any job's time limit
        gt=0,
        le=300,
        description="Seconds for a connection, and again for its TLS; timeout if that is less.",
    )
    http2: bool = Field(
        default=False,
        description="Speak HTTP/2 where the server does (decision 0015 says why it is off).",
    )
    bandwidth: Bandwidth = Field(
        default=0, ge=0, description="Bytes a second that go there at most, in all; 0: no limit."
    )
    bandwidth_hours: tuple[Hours, ...] = Field(
        default=(),
        description='Other limits for some hours: { bandwidth, days = ["mon"], begin = "07:00", '
        'end = "19:00" }, in the local time of the uploader; the first that holds counts.',
    )
    accept: Literal["json", "xml"] = Field(
        default="json",
        description="Type of the answer that a Store request asks for, application/dicom+json or "
        "application/dicom+xml (PS3.18 10.5.3); either is understood.",
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
