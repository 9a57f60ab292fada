"""Who may open an association, how many, and for what (PS3.8 9.3.4, PS3.7 C.5.13)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_network
from typing import Literal

from shared import logs
from shared.admission_sections import AdmissionSettings, KnownPeer, May
from shared.dimse import callers
from shared.dimse.command import C_ECHO_RQ, C_FIND_RQ, C_STORE_RQ
from shared.dimse.deadlines import Timeouts
from shared.dimse.rejection import (
    CALLED_AE_NOT_RECOGNIZED,
    CALLING_AE_NOT_RECOGNIZED,
    Rejection,
)
from shared.dimse.service import Peer
from shared.route_sections import alternatives
from shared.routing import matching, within
from shared.wildcards import ANY

FIELDS: dict[May, int] = {"echo": C_ECHO_RQ, "store": C_STORE_RQ, "query": C_FIND_RQ}
PEERS = 1024  # whose entry is kept: names come from the wire
STRANGER = KnownPeer()
NOT_OURS = CALLED_AE_NOT_RECOGNIZED.because("admission.called_ae does not list it")
A_STRANGER = CALLING_AE_NOT_RECOGNIZED.because("it is none of [[peers]]")
ALLOWED_NOTHING = CALLING_AE_NOT_RECOGNIZED.because("its [[peers]] entry allows nothing")

log = logs.get(__name__)


class Admission:
    def __init__(self, settings: AdmissionSettings, peers: Sequence[KnownPeer]) -> None:
        self._is_ours = matching(alternatives(settings.called_ae))
        self._peers = [_Entry(each) for each in peers]
        patterns = [each for peer in peers for each in alternatives(peer.calling_ae)]
        self._told_apart = set([each for each in patterns if each != ANY][: callers.MOST])
        self._stranger = STRANGER if settings.strangers == "admit" else None
        self._number = lru_cache(maxsize=PEERS)(self._find)
        self._names = lru_cache(maxsize=PEERS)(self._name)
        self.promiscuous = (settings, tuple(peers)) == (AdmissionSettings(), ())

    def judge(self, peer: Peer) -> Rejection | None:
        if not self._is_ours(peer.called_ae):
            return NOT_OURS
        known = self._known(peer)
        if known is None:
            return A_STRANGER
        return None if known.may else ALLOWED_NOTHING

    def number(self, peer: Peer) -> int | None:
        """Which of [[peers]] decides; None: the peer is a stranger."""
        return self._number(peer.calling_ae, peer.address)

    def limit(self, peer: Peer) -> int | None:
        """Associations at once of this calling AE title, where it has a limit of its own."""
        known = self._known(peer)
        return known.max_associations if known else None

    def strict(self, peer: Peer, default: Literal["strict", "lenient"]) -> bool:
        """Whether what it stores is validated strictly."""
        known = self._known(peer)
        return ((known and known.validation) or default) == "strict"

    def timeouts(self, peer: Peer, default: Timeouts) -> Timeouts:
        """Those of its association."""
        known = self._known(peer)
        if known is None:
            return default
        own = {
            "idle": known.idle_timeout,
            "pdu": known.pdu_timeout,
            "message": known.message_timeout,
        }
        return replace(default, **{name: each for name, each in own.items() if each is not None})

    def denied(self, peer: Peer) -> frozenset[int]:
        """Command fields of the requests it may not make."""
        known = self._known(peer)
        may = known.may if known else ()
        return frozenset(field for name, field in FIELDS.items() if name not in may)

    def known_as(self, peer: Peer) -> str:
        """The pattern of [[peers]] that its calling AE title matches, else callers.OTHERS."""
        return self._names(peer.calling_ae, peer.address)

    def tell(self) -> None:
        """At start: a site should know that it is open to all."""
        if self.promiscuous:
            log.warning("admission.promiscuous", note="any AE title may connect: see [admission]")

    def _known(self, peer: Peer) -> KnownPeer | None:
        number = self.number(peer)
        return self._stranger if number is None else self._peers[number].settings

    def _find(self, calling_ae: str, address: str) -> int | None:
        for number, each in enumerate(self._peers):
            if each.calls(calling_ae) and each.lives_at(address):
                return number
        return None

    def _name(self, calling_ae: str, address: str) -> str:
        number = self._number(calling_ae, address)
        if number is None:
            return callers.OTHERS
        patterns = alternatives(self._peers[number].settings.calling_ae)
        found = next(each for each in patterns if matching([each])(calling_ae))
        return found if found in self._told_apart else callers.OTHERS


class _Entry:
    def __init__(self, settings: KnownPeer) -> None:
        self.settings = settings
        networks = [ip_network(each) for each in alternatives(settings.network)]
        self.calls = matching(alternatives(settings.calling_ae))
        self.lives_at = within(networks) if networks else lambda _: True


EVERYBODY = Admission(AdmissionSettings(), ())
