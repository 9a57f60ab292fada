"""The table of the configuration file that concerns the status page."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from shared.section import Section
from shared.worklist_sections import Port


def _header(value: str) -> str:
    if not value.replace("-", "").isalnum() or not value.isascii():
        raise ValueError("must be the name of a header, such as X-Remote-User")
    return value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as error:
        raise ValueError(f"must be a network such as 10.1.0.0/16 ({error})") from None
    return value


def _place(value: str) -> str:
    parts = urlsplit(f"//{value}")
    if not parts.hostname or not parts.port or parts.path or parts.username:
        raise ValueError("must be host:port")
    return value


class PageSettings(Section):
    """The status page: counts for everybody, names and decisions for those who log in."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; ::, IPv4 and IPv6.")
    port: Port = Field(
        default=8090,
        description="Its port; 0 takes a free one. `up` serves the page if anything is set here.",
    )
    password_file: Path | None = Field(
        default=None,
        description="Who may log in, a line each, made by dicomweb-proxy page --make-password.",
    )
    user_header: Annotated[str, AfterValidator(_header)] | None = Field(
        default=None,
        description="Header in which a reverse proxy names who has logged in there.",
    )
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        default=(),
        description="Networks of reverse proxies: from them alone user_header and X-Forwarded-For, "
        "-Proto and -Host are believed.",
    )
    session_age: float = Field(
        default=8 * 3600.0, gt=0, le=7 * 86400, description="Seconds that a login lasts."
    )
    session_idle: float = Field(
        default=1800.0,
        gt=0,
        le=86400,
        description="Seconds after which a login ends that nobody uses; an open page uses it.",
    )
    tls_certificate_file: Path | None = Field(
        default=None, description="Our certificate and its chain, PEM; unset: plain HTTP."
    )
    tls_key_file: Path | None = Field(
        default=None, description="Its private key, PEM; unset: it is in the same file."
    )
    worklists: tuple[Annotated[str, AfterValidator(_place)], ...] = Field(
        default=(),
        description="Health ports of worklist services, host:port, which are asked what they "
        "answered; every address of a name is.",
    )
    health_port: Port = Field(
        default=0, description="Port of the page's own /livez and /readyz; 0: none."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.user_header and not self.trusted_proxies:
            raise ValueError("user_header needs trusted_proxies: anybody could send it")
        if self.tls_key_file and not self.tls_certificate_file:
            raise ValueError("tls_key_file needs tls_certificate_file")
        return self

    @property
    def has_login(self) -> bool:
        return bool(self.password_file or self.user_header)
