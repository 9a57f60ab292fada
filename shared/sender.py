"""Who sent an instance, as the variables of an upload URI name it.

All three come over the wire. What is absent, or could not stand in a segment of a path without
doubt, counts as unknown: an AE title that is none (PS3.5 Table 6.2-1), has a slash or nothing but
dots, and a Modality that is no term of the standard, behind which a device may put anything.
"""

import re
from functools import lru_cache
from typing import NamedTuple, Self
from urllib.parse import quote, unquote

# Defined terms of Modality, with those retired (PS3.3 C.7.3.1.1.1).
_TERMS = """
    AR AS ASMT AU BDUS BI BMD CD CF CFM CP CR CS CT CTPROTOCOL DD DF DG DM DMS DOC DS DX EC ECG EEG
    EMG EOG EPS ES FA FID FS GM HC HD IO IOL IVOCT IVUS KER KO LEN LP LS M3D MA MG MR MS NM OAM OCT
    OP OPM OPR OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE
    RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SC SEG SM SMR SR SRF ST STAIN TEXTUREMAP TG
    US VA VF XA XAPROTOCOL XC
"""
MODALITIES = frozenset(_TERMS.split())
ENCODED = r"(?:~[A-Za-z0-9_%-]{0,48}){3}"  # 16 characters, each percent-encoded at worst

_AE_TITLE = re.compile(r"(?!\.+$)[\x20-\x2e\x30-\x5b\x5d-\x7e]{1,16}")  # neither / nor backslash


class Sender(NamedTuple):
    """What is unknown is empty."""

    called_ae: str = ""
    calling_ae: str = ""
    modality: str = ""

    @classmethod
    def named(cls, called_ae: str, calling_ae: str, modality: str) -> Self:
        """By what came over the wire."""
        called, calling = (
            each if _AE_TITLE.fullmatch(each) else "" for each in (called_ae, calling_ae)
        )
        return cls(called, calling, modality if modality in MODALITIES else "")

    @classmethod
    def decoded(cls, text: str) -> Self:
        """Of the end of an instance's name in the spool; "" is a sender that nobody knows."""
        return cls.named(*map(unquote, text.split("~")[1:])) if text else cls()

    @property
    def encoded(self) -> str:
        """For the end of a name in the spool."""
        return _encoded(self)


@lru_cache(maxsize=1024)  # the instances of a series are all alike
def _encoded(sender: Sender) -> str:
    return "".join(f"~{escaped(each)}" for each in sender)


def escaped(value: str) -> str:
    """Percent-encoded (RFC 3986 2.1): all but letters, digits, - and _."""
    return quote(value, safe="").replace(".", "%2E").replace("~", "%7E")
