"""The tables of the configuration file, one class each; every field says what it does."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import PydanticBaseSettingsSource as Source

from shared.admission_sections import AdmissionSettings, KnownPeer
from shared.audit_sections import AuditSettings
from shared.destination import MEBIBYTE, Auth, Destination, DestinationPreset, ServiceUri, UploadUri
from shared.page_sections import PageSettings
from shared.route_sections import Route, Routing
from shared.section import Section
from shared.spool_sections import SpoolSettings
from shared.tracing_sections import TracingSettings
from shared.worklist_sections import Modality, Port, WorklistSettings

PREFIX = "DICOMWEB_PROXY_"  # of every environment variable of ours


def _redis_url(value: str) -> str:
    parts = urlsplit(value)
    _ = parts.port  # raises ValueError for one that is none
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    if parts.password:
        raise ValueError("must hold no password: put it into a file and name it in password_file")
    return value


def _sentinel(value: str) -> str:
    parts = urlsplit(f"//{value}")
    if not parts.hostname or not parts.port or parts.path or parts.username:
        raise ValueError("must be host:port")
    return value


RedisUrl = Annotated[str, AfterValidator(_redis_url)]
SentinelAddress = Annotated[str, AfterValidator(_sentinel)]


class Receive(Section):
    """The DIMSE side: where modalities connect."""

    host: str = Field(default="0.0.0.0", description="Address to listen on; ::, IPv4 and IPv6.")
    port: Port = Field(
        default=4008, description="Port for C-STORE and C-ECHO (standalone: also C-FIND)."
    )
    plain: bool = Field(default=True, description="Listen without TLS; off: on tls_port alone.")
    tls_port: Port = Field(
        default=2762, description="Port for DICOM TLS; in use once a certificate is set."
    )
    tls_certificate_file: Path | None = Field(
        default=None, description="Our certificate and its chain, PEM; unset: no TLS."
    )
    tls_key_file: Path | None = Field(
        default=None, description="Its private key, PEM; unset: it is in the same file."
    )
    tls_client_ca_file: Path | None = Field(
        default=None,
        description="Authorities, PEM, one of which must have issued a peer's certificate.",
    )
    tls_legacy: bool = Field(
        default=False,
        description="Also allow TLS 1.0 and 1.1 and ciphers that old devices need: no BCP 195.",
    )
    processes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes that share the port evenly; limits hold for each of them.",
    )
    ae_title: str = Field(
        default="DICOMWEBPROXY",
        min_length=1,
        max_length=16,
        description="Our AE title, where a peer leaves it blank.",
    )
    max_pdu: int = Field(
        default=131072, ge=4096, le=1048576, description="Longest P-DATA PDU we ask for, bytes."
    )
    max_associations: int = Field(default=400, ge=1, le=10000, description="Associations at once.")
    max_associations_per_ae: int = Field(
        default=100, ge=1, le=10000, description="Associations at once of one calling AE title."
    )
    max_associations_per_address: int = Field(
        default=300, ge=1, le=10000, description="Associations at once from one IP address."
    )
    max_pending: int = Field(
        default=512,
        ge=1,
        le=10000,
        description="Connections without an association; past it the oldest is closed.",
    )
    max_buffered: int = Field(
        default=64 * MEBIBYTE,
        ge=MEBIBYTE,
        description="Bytes of input kept in memory over all associations, without pixel data; past "
        "it the one that keeps the most is aborted.",
    )
    transfer_syntaxes: tuple[str, ...] = Field(
        default=(
            "1.2.840.10008.1.2.1",
            "*",
            "1.2.840.10008.1.2",
            "1.2.840.10008.1.2.1.99",
            "1.2.840.10008.1.2.2",
        ),
        min_length=1,
        description="Transfer syntaxes in order of preference; * is every other one, as proposed.",
    )
    accept_user_identity: bool = Field(
        default=False,
        description="Answer a user name that asks for it as accepted; it is never checked.",
    )
    artim_timeout: float = Field(
        default=10.0, gt=0, description="Seconds to send A-ASSOCIATE-RQ, or to close."
    )
    idle_timeout: float = Field(
        default=600.0, gt=0, description="Seconds an association may be silent."
    )
    pdu_timeout: float = Field(
        default=60.0, gt=0, description="Seconds for a PDU that has begun to be complete."
    )
    message_timeout: float = Field(
        default=600.0,
        gt=0,
        description="Seconds for a message that has begun to be complete, and one for each 64 KiB.",
    )
    drain_timeout: float = Field(
        default=30.0, gt=0, description="Seconds that associations may go on after SIGTERM."
    )
    validation: Literal["strict", "lenient"] = Field(
        default="lenient",
        description="strict: A900 or C000 for a data set that does not match its "
        "command; lenient: keep it and log.",
    )

    @model_validator(mode="after")
    def _tls_complete(self) -> Self:
        if self.tls_certificate_file is None and (self.tls_key_file or self.tls_client_ca_file):
            raise ValueError("TLS needs tls_certificate_file")
        if self.tls_certificate_file is None and not self.plain:
            raise ValueError("plain = false needs tls_certificate_file: nothing would listen")
        return self


class RedisSettings(Section):
    """The index and job queue: rebuilt from the spool whenever it is lost."""

    url: RedisUrl = Field(
        default="redis://127.0.0.1:6379/0", description="redis://, rediss:// or unix:// address."
    )
    password_file: Path | None = Field(default=None, description="File that holds the password.")
    ca_file: Path | None = Field(
        default=None, description="Authorities trusted for rediss://, PEM; the system's if unset."
    )
    sentinels: tuple[SentinelAddress, ...] = Field(
        default=(), description="Sentinels, host:port, that know where Redis is; url says the rest."
    )
    sentinel_service: str = Field(
        default="mymaster", min_length=1, description="What the Sentinels call this Redis."
    )


class Upload(Section):
    """STOW-RS: the only destination, and what holds for all."""

    uri: UploadUri | None = Field(
        default=None,
        description="Studies resource of the only destination; {called_ae}, {calling_ae} and "
        "{modality} in its path stand for those of each instance.",
    )
    preset: DestinationPreset | None = Field(
        default=None, description="Kind of origin server of the only destination."
    )
    insecure: bool = Field(default=False, description="Allow plain http to the only destination.")
    parallelism: int = Field(
        default=10, ge=1, le=256, description="Store requests in flight per destination."
    )
    workers: int = Field(
        default=4, ge=1, le=64, description="Worker processes of an uploader container."
    )
    max_attempts: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Refusals of one instance before quarantine; of a bare 400 or 422, 3 at most.",
    )
    lease: float = Field(
        default=30.0,
        gt=0,
        le=3600,
        description="Seconds a batch is leased; renewed while it is sent.",
    )
    tick: float = Field(
        default=5.0, gt=0, le=300, description="Seconds a worker drains one destination at a time."
    )
    drain_timeout: float = Field(
        default=60.0, gt=0, description="Seconds that requests may go on after SIGTERM."
    )
    retry_base: float = Field(
        default=1.0, gt=0, description="First back-off of a held destination, seconds."
    )
    retry_cap: float = Field(
        default=300.0, gt=0, description="Longest back-off of a held destination, seconds."
    )
    rescan: float = Field(
        default=60.0,
        gt=0,
        description="Seconds between scans of the spool for what the index lacks.",
    )


class HealthSettings(Section):
    """The port of /livez and /readyz."""

    host: str = Field(default="0.0.0.0", description="Address to listen on; ::, IPv4 and IPv6.")
    port: Port = Field(default=8080, description="Port; 0 turns it off.")


class ReloadSettings(Section):
    """When the settings are read again while a service runs; SIGHUP always does it."""

    watch: float = Field(
        default=5.0,
        ge=0,
        le=3600,
        description="Seconds between looks at whether the configuration file has changed; 0: none.",
    )


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class LogSettings(Section):
    """What is written to standard error, a line each; never what could name a patient."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level shown."
    )
    format: LogFormat = Field(
        default=LogFormat.JSON, description="json lines, or a readable console."
    )


class Sections(BaseSettings):
    """All tables, each valid by itself; shared.config.Settings is what a service uses."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,  # compose hands on "" for what is not set
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # an error message is no place for a credential
    )

    receive: Receive = Receive()
    spool: SpoolSettings = SpoolSettings()
    redis: RedisSettings = RedisSettings()
    upload: Upload = Upload()
    worklist: WorklistSettings = WorklistSettings()
    auth: Auth = Auth()
    health: HealthSettings = HealthSettings()
    page: PageSettings = PageSettings()
    reload: ReloadSettings = ReloadSettings()
    log: LogSettings = LogSettings()
    audit: AuditSettings = AuditSettings()
    tracing: TracingSettings = TracingSettings()
    destinations: tuple[Destination, ...] = Field(
        default=(), description="Origin servers, where there are several."
    )
    admission: AdmissionSettings = AdmissionSettings()
    routing: Routing = Routing()
    routes: tuple[Route, ...] = Field(default=(), description="What goes where.")
    peers: tuple[KnownPeer, ...] = Field(default=(), description="Who may do what.")
    modalities: tuple[Modality, ...] = Field(
        default=(), description="How the worklist answers whom."
    )
    sandbox: ServiceUri | None = Field(
        default=None,
        description="Base address of a sandbox: the destination while neither a URI nor a file is "
        "configured. Only in the environment.",
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: Source, **sources: Source
    ) -> tuple[Source, ...]:
        """Only what is handed in: settings made in code do not depend on the environment."""
        del settings_cls
        return (sources["init_settings"],)
