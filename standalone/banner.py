"""What `up` says once everything runs: where it listens, where things go, what is unusual."""

from shared.config import Settings
from shared.config_rules import unusable_files
from shared.destination import Destination
from shared.dimse.admission import Admission
from shared.needs import UPLOADS
from shared.route_sections import alternatives
from shared.sandbox import NOTE
from standalone.version import VERSION

OPEN_TO_ALL = "any; modalities need not be registered"


def banner(settings: Settings, address: str, redis: str, page: str) -> str:
    """`page`: where the status page is, if it is served."""
    services = ["C-ECHO"]
    if settings.upload_destinations:
        services.append("C-STORE")
    if worklists := [each for each in settings.destinations if each.worklist_uri]:
        services.append("Modality Worklist C-FIND")
    lines = [
        ("listens on", f"{address} for {', '.join(services)}"),
        ("AE titles", _admits(settings)),
        *(("uploads to", _place(each, each.upload_uri)) for each in settings.upload_destinations),
        *(("uploads wait", each) for each in unusable_files(settings, UPLOADS)),
        *(("worklist from", _place(each, each.worklist_uri)) for each in worklists[:1]),
    ]
    if settings.sandbox:
        lines.append(("destination", NOTE))
    if settings.upload_destinations:
        synced = "" if settings.spool.sync else " - NOT synced: a power cut loses instances"
        lines += [("spool", f"{settings.spool.path}{synced}"), ("Redis", _without_user(redis))]
    if page:
        lines.append(("status page", page))
    text = "".join(f"  {name:<14} {value}\n" for name, value in lines)
    return f"DICOMweb Proxy {VERSION}\n{text}"


def _admits(settings: Settings) -> str:
    if Admission(settings.admission, settings.peers).promiscuous:
        return OPEN_TO_ALL
    ours = " or ".join(alternatives(settings.admission.called_ae))
    strangers = "" if settings.admission.strangers == "admit" else ", nobody else"
    return f"ours: {ours}; {len(settings.peers)} [[peers]]{strangers}"


def _place(destination: Destination, uri: str | None) -> str:
    insecure = " - in the clear" if destination.insecure else ""
    kind = destination.auth.kind
    return f"{destination.name}: {uri} (authentication: {kind.value if kind else 'none'}){insecure}"


def _without_user(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
