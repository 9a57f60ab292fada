"""The table of the configuration file that concerns the audit trail."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.section import Section


class AuditSettings(Section):
    """Who connected, what was stored where, who decided: a stream apart from the log."""

    to: Literal["off", "stdout", "file"] = Field(
        default="off", description="Where audit messages go, a JSON line each."
    )
    file: Path | None = Field(
        default=None, description="The file they are appended to; it may be moved away at any time."
    )
    identifiers: bool = Field(
        default=False,
        description="Name the Study, SOP Class and SOP Instance UIDs; else only how many.",
    )
    source: str = Field(
        default="DICOMwebProxy",
        min_length=1,
        description="What the messages call this gateway (AuditSourceID).",
    )

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.to == "file") != (self.file is not None):
            raise ValueError('to = "file" and file go together')
        return self
