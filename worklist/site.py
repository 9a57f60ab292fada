"""What the configuration says about one query: which server, which dialect, how to answer whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from shared.config import Settings
from shared.destination import Destination, Profile
from shared.dimse.service import Peer
from shared.errors import ConfigurationError
from shared.routing import Routes
from shared.wildcards import compiled
from shared.worklist_sections import Modality, WorklistSettings
from worklist.charset import TRANSLITERATED, UTF8, Charset, charset
from worklist.datetimes import zone_of
from worklist.dialects import DIALECTS, Dialect
from worklist.identifier import Identifier
from worklist.match import Matching, is_wild
from worklist.presets import MWL_RS, PRESETS, Preset
from worklist.query import Asked, filter_tags
from worklist.workitem import Asking

LATIN1 = ("ISO_IR 100",)
STATION = 0x00400001
LONGEST_TAG = 1 << 32


@dataclass(frozen=True, slots=True)
class Place:
    """An origin server and how it is asked."""

    destination: Destination
    asked: Asked
    dialect: Dialect
    preset: Preset


class Site:
    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError."""
        if unknown := [path for path in settings.worklist.filter if not _is_path(path)]:
            raise ConfigurationError(
                *(f"worklist.filter: {path}: is no path of tags or keywords" for path in unknown)
            )
        self.worklist: WorklistSettings = settings.worklist
        self.places = {
            each.name: _place(each, settings.worklist)
            for each in settings.destinations
            if each.worklist_uri
        }
        self._routes = Routes(settings.routes, settings.routing, ())
        self._modalities = [(compiled(each.calling_ae), each) for each in settings.modalities]
        self._zone = ZoneInfo(settings.worklist.site_timezone)
        self._upstream = ZoneInfo(
            settings.worklist.upstream_timezone or settings.worklist.site_timezone
        )
        self.matching = Matching(
            settings.worklist.name_prefix,
            settings.worklist.ignore_accents,
            settings.worklist.ignore_case,
        )

    def place(self, peer: Peer) -> Place:
        """By the first route that matches, else the first server that has a worklist."""
        name = self._routes.worklist(peer.called_ae, peer.calling_ae, peer.address)
        return self.places[name] if name else self._first

    @property
    def _first(self) -> Place:
        return next(iter(self.places.values()))

    def modality(self, calling_ae: str) -> Modality:
        for calling, modality in self._modalities:
            if calling.fullmatch(calling_ae):
                return modality
        return _ANY

    def asking(self, identifier: Identifier, calling_ae: str, place: Place) -> Asking:
        zone: tzinfo = zone_of(identifier.offset) or self._zone
        return Asking(
            zone=zone,
            upstream=self._upstream,
            calling_ae=calling_ae,
            station=_station(identifier),
            modality=self.modality(calling_ae).modality,
            today=f"{datetime.now(zone):%Y%m%d}" if self.worklist.unscheduled else "",
            midnight=place.asked.profile is not Profile.UPS_LEGACY_GOOGLE,
            placeholder=self.worklist.placeholder,
            stations=self.worklist.station_codes,
            modalities=self.worklist.modality_codes,
        )

    def charsets(self, identifier: Identifier, modality: Modality) -> list[Charset]:
        """What to answer in, in this order, where ASCII does not do."""
        if modality.transliterate:
            return [TRANSLITERATED]
        if modality.charsets:
            return [_charset(each) for each in modality.charsets]
        asked = [charset(identifier.terms)] if identifier.terms else []
        site = [_charset(each) for each in self.worklist.charsets]
        last = charset((UTF8,)) if modality.utf8 else TRANSLITERATED
        return [*asked, charset(LATIN1), *site, last]


def _charset(terms: str) -> Charset:
    return charset(tuple(terms.split("\\")))


_ANY = Modality()


def _is_path(path: str) -> bool:
    try:
        return all(int(tag, 16) < LONGEST_TAG for tag in filter_tags(path))
    except ValueError:
        return False


def _station(identifier: Identifier) -> str:
    """The station asked for, if it is a single one."""
    keys = identifier.steps or {}
    key = keys.get(STATION) or identifier.keys.get(STATION)
    found = key.values if key else ()
    return found[0] if len(found) == 1 and not is_wild(found[0]) else ""


def _place(destination: Destination, settings: WorklistSettings) -> Place:
    profile = destination.worklist_profile or settings.profile
    preset = destination.worklist_preset or settings.preset
    asked = Asked(
        profile,
        preset,
        settings.states,
        settings.filter,
        settings.includefield_all,
        timedelta(hours=settings.date_slack),
        settings.unassigned,
    )
    chosen = MWL_RS if profile is Profile.MWL_RS else PRESETS[preset]
    return Place(destination, asked, DIALECTS[profile], chosen)
