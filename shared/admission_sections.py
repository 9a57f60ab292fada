"""The tables of the configuration file that say who may connect, and what for."""

from typing import Literal

from pydantic import Field

from shared.route_sections import AeTitles, Networks
from shared.section import Section

May = Literal["echo", "store", "query"]
EVERYTHING: tuple[May, ...] = ("echo", "store", "query")


class AdmissionSettings(Section):
    """Who may open an association. Without a word here and no [[peers]]: everybody."""

    called_ae: AeTitles = Field(
        default="*",
        description="Our AE titles, with * and ?, or a list; whoever calls another is refused "
        "1,1,7.",
    )
    strangers: Literal["admit", "refuse"] = Field(
        default="admit",
        description="What becomes of an association that matches none of [[peers]]; refuse: 1,1,3.",
    )


class KnownPeer(Section):
    """Who may do what. The first that matches calling AE title and network decides."""

    calling_ae: AeTitles = Field(
        default="*", description="AE title of the caller, with * and ?, or a list."
    )
    network: Networks = Field(
        default=(), description="Networks, as 10.1.0.0/16, of the peer's address; empty: any."
    )
    may: tuple[May, ...] = Field(
        default=EVERYTHING,
        description="Of echo, store and query; what is not named is answered 0124, and with none "
        "the association is refused 1,1,3.",
    )
    validation: Literal["strict", "lenient"] | None = Field(
        default=None,
        description="Of what it stores; unset: receive.validation.",
    )
    max_associations: int | None = Field(
        default=None,
        ge=1,
        le=10000,
        description="Associations at once of one calling AE title; unset: "
        "receive.max_associations_per_ae.",
    )
    idle_timeout: float | None = Field(
        default=None,
        gt=0,
        description="Seconds its association may be silent; unset: receive.idle_timeout.",
    )
    pdu_timeout: float | None = Field(
        default=None,
        gt=0,
        description="Seconds for a PDU of its that has begun to be complete; unset: "
        "receive.pdu_timeout.",
    )
    message_timeout: float | None = Field(
        default=None,
        gt=0,
        description="Seconds for a message of its that has begun to be complete, and one for each "
        "64 KiB; unset: receive.message_timeout.",
    )
