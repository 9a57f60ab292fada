"""The table of the configuration file that concerns tracing."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from shared.section import Section


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an absolute http or https URI")
    return value


class TracingSettings(Section):
    """OpenTelemetry: one trace from C-STORE to STOW-RS. Needs the extra `tracing`."""

    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        default=None,
        description="Where OTLP/HTTP traces go, as http://collector:4318/v1/traces; unset: "
        "no tracing.",
    )
    ratio: float = Field(
        default=1.0, ge=0, le=1, description="Share of the instances that are traced."
    )
