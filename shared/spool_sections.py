"""The table of the configuration file that concerns the spool."""

from pathlib import Path

from pydantic import Field

from shared.destination import MEBIBYTE
from shared.section import Section

DAY = 24 * 3600.0  # seconds


class SpoolSettings(Section):
    """Instances on disk that no origin server has confirmed yet."""

    path: Path = Field(
        default=Path("/var/spool/dicomweb-proxy"), description="Folder of the spool."
    )
    sync: bool = Field(
        default=True,
        description="Sync to disk before answering Success. false: a power failure may lose what "
        "was answered Success, and leave zeros in one of 1 MiB or more.",
    )
    segments: bool = Field(
        default=True,
        description="Keep instances below 1 MiB, of one destination, many to a file, where the "
        "file system has direct writes and holes: twice as fast. false: a file for each.",
    )
    soft_reserve: int | None = Field(
        default=None,
        ge=0,
        description="Free bytes below which new associations are refused (2,3,1); unset: 2 GiB, or "
        "a tenth of the volume if that is less.",
    )
    hard_reserve: int | None = Field(
        default=None,
        ge=0,
        description="Free bytes below which a C-STORE is answered 0xA700; unset: 512 MiB, or a "
        "fortieth of the volume if that is less.",
    )
    keep_delivered: float = Field(
        default=0.0,
        ge=0,
        description="Seconds that delivered instances stay, in .delivered; below soft_reserve they "
        "go at once. 0: none stay.",
    )
    ledger_age: float = Field(
        default=90 * DAY, ge=0, description="Seconds that the ledger of deliveries remembers."
    )
    ledger_bytes: int = Field(
        default=256 * MEBIBYTE,
        ge=0,
        description="Bytes of that ledger at most, but for this hour's; 0: none is kept.",
    )
    ledger_digest: bool = Field(
        default=True,
        description="Have the ledger remember the SHA-256 of each file, for 0.6 ms a MiB.",
    )
    quarantine_age: float = Field(
        default=0.0,
        ge=0,
        description="Seconds after which instances in quarantine are deleted, of those in which an "
        "uploader ran and saw them there, whatever clocks say; 0: never.",
    )
    quarantine_bytes: int = Field(
        default=0,
        ge=0,
        description="Bytes in quarantine beyond which the oldest are deleted; 0: no limit.",
    )
