"""What settings must agree on with one another and with the files they name."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from shared.destination import (
    DEFAULT_SERVICE_ACCOUNT,
    Auth,
    AuthKind,
    Destination,
    is_exposed,
    is_loopback,
)
from shared.destination_presets import preset_of, scoped
from shared.google_defaults import default_file, metadata_host
from shared.hints import hint
from shared.needs import Needs
from shared.routing import ATTRIBUTES
from shared.sections import Sections
from shared.wildcards import ANY

# Settings of the only destination: beside [[destinations]] they would be silently without effect.
ONLY_DESTINATION = ("upload.uri", "upload.preset", "upload.insecure", "worklist.uri", "auth")
SITE_WIDE = (  # setting of a destination, and where its value for all is
    ("parallelism", "upload", "parallelism"),
    ("worklist_profile", "worklist", "profile"),
    ("worklist_preset", "worklist", "preset"),
)
SECRETS = (
    "service_account_file",
    "client_secret_file",
    "client_assertion_file",
    "private_key_file",
    "private_key_certificate_file",
    "password_file",
    "token_file",
    "credentials_file",
    "client_certificate_file",
    "client_key_file",
)
KEY_FIELDS = ("client_email", "private_key", "token_uri")  # of a Google service-account key
FIELDS = {  # of the other files that Google's tools write, by their type
    "external_account": ("audience", "subject_token_type", "token_url", "credential_source"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
}


def contradictions(sections: Sections, broken: Collection[str] = ()) -> Iterator[str]:
    """Mistakes that no single table shows. `broken`: places whose value cannot be used, which the
    sections lack; a rule that needs one of them tells nothing.
    """
    for rule, needs in _RULES.items():
        if not concerned(needs, broken):
            yield from rule(sections)


def concerned(needs: Iterable[str], broken: Collection[str]) -> bool:
    """Whether one of the places that are needed is broken, or holds or is held by one that is."""
    return any(_within(each, need) or _within(need, each) for each in broken for need in needs)


def _within(place: str, other: str) -> bool:
    return f"{place}.".startswith(f"{other}.")


def destinations(sections: Sections) -> tuple[Destination, ...]:
    """The destinations, with authentication and inherited limits decided."""
    return tuple(_decided(each, sections) for each in _declared(sections))


def unusable_files(sections: Sections, needs: Needs) -> Iterator[str]:
    """Files that the destinations name, that are needed and that cannot be used."""
    for each in filter(needs.of, destinations(sections)):
        prefix = place(sections, each)
        for key in SECRETS:
            yield from unusable_file(f"{prefix}auth.{key}", getattr(each.auth, key))
        if each.auth.kind is AuthKind.GOOGLE:
            yield from _no_key(f"{prefix}auth.service_account_file", each.auth.service_account_file)
        yield from unusable_file(f"{prefix}ca_file", each.ca_file)


def unusable_file(key: str, path: Path | None) -> Iterator[str]:
    if path is None:
        return
    try:
        if not path.read_bytes().strip():
            yield f"{key}: {path.absolute()}: is empty"
    except OSError as error:
        yield f"{key}: {path.absolute()}: cannot be read ({error.strerror})"


def place(sections: Sections, destination: Destination) -> str:
    """What a destination's keys are called in the configuration."""
    listed = "destinations" in sections.model_fields_set and sections.destinations
    return f"destinations.{destination.name}." if listed else ""


def _reserves(sections: Sections) -> Iterator[str]:
    soft, hard = sections.spool.soft_reserve, sections.spool.hard_reserve
    if soft is not None and hard is not None and hard > soft:
        yield "spool.hard_reserve: must not be above soft_reserve"


def _retries(sections: Sections) -> Iterator[str]:
    if sections.upload.retry_base > sections.upload.retry_cap:
        yield "upload.retry_base: must not be above retry_cap"


def _nobody(sections: Sections) -> Iterator[str]:
    if sections.admission.strangers == "refuse" and not any(each.may for each in sections.peers):
        yield "admission.strangers: refuse needs [[peers]] that may do something: nobody could come"


def _only_destination_keys(sections: Sections) -> list[str]:
    """Of those that say something: proxy.example.toml has an empty table for each section."""
    parts = [(key, *key.partition(".")[::2]) for key in ONLY_DESTINATION]
    given = {section: getattr(sections, section).model_fields_set for _, section, _ in parts}
    return [
        key for key, section, name in parts if (name in given[section] if name else given[section])
    ]


def _only_destination(sections: Sections) -> Iterator[str]:
    if sections.destinations:
        for key in _only_destination_keys(sections):
            yield f"{key}: cannot stand beside [[destinations]]; move it into one of them"


def _strange_token(sections: Sections) -> Iterator[str]:
    for each in _declared(sections):
        if each.auth.kind is None and each.auth.service_account_file and not _at_google(each):
            yield (
                f"{place(sections, each)}auth: a Google token is sent to a host outside "
                'googleapis.com only if kind = "google" says so'
            )


def _exposed(sections: Sections) -> Iterator[str]:
    if sections.destinations:
        return  # each has said so by itself
    uris = {"upload.uri": sections.upload.uri, "worklist.uri": sections.worklist.uri}
    for key, uri in uris.items():
        if is_exposed(uri) and not sections.upload.insecure:
            yield f"{key}: must be https (or say upload.insecure = true)"


def _cycles(sections: Sections) -> Iterator[str]:
    """Destinations that are ourselves: our ports speak DIMSE, and nothing would ever arrive."""
    ours = {
        sections.receive.port: "receive.port",
        sections.receive.tls_port: "receive.tls_port",
        sections.worklist.port: "worklist.port",
    }
    for each in _declared(sections):
        for key in ("upload_uri", "worklist_uri"):
            parts = urlsplit(getattr(each, key) or "")
            if parts.port in ours and parts.hostname and is_loopback(parts.geturl()):
                listed = place(sections, each)
                name = f"{listed}{key}" if listed else key.replace("_", ".")
                yield (
                    f"{name}: leads back to our own {ours[parts.port]}; an archive speaks DICOMweb "
                    "on another"
                )


def _names(sections: Sections) -> Iterator[str]:
    names = [each.name for each in sections.destinations]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"destinations: the name {name!r} is used twice"


def _routes(sections: Sections) -> Iterator[str]:
    uploads = {each.name: bool(each.upload_uri) for each in _declared(sections)}
    worklists = {each.name: bool(each.worklist_uri) for each in _declared(sections)}
    for name in sections.routing.default_to:
        yield from _target("routing.default_to", name, uploads, "upload_uri")
    for number, route in enumerate(sections.routes):
        for name in route.upload_to:
            yield from _target(f"routes.{number}.upload_to", name, uploads, "upload_uri")
        if route.worklist_from:
            key = f"routes.{number}.worklist_from"
            yield from _target(key, route.worklist_from, worklists, "worklist_uri")
            if named := [name for name in ATTRIBUTES if getattr(route, name) != ANY]:
                yield f"{key}: a query has no {named[0]} to match; use a route of its own"


def _target(key: str, name: str, able: dict[str, bool], needed: str) -> Iterator[str]:
    if name not in able:
        yield f"{key}: there is no destination {name!r}{hint(name, able)}"
    elif not able[name]:
        yield f"{key}: the destination {name!r} has no {needed}"


def _declared(sections: Sections) -> tuple[Destination, ...]:
    if sections.destinations:
        return sections.destinations
    if sections.sandbox:
        return (_sandbox(sections.sandbox),)
    if not (sections.upload.uri or sections.worklist.uri):
        return ()
    return (
        Destination.model_construct(  # no second validation: _exposed has named the right keys
            preset=sections.upload.preset,
            upload_uri=sections.upload.uri,
            worklist_uri=sections.worklist.uri,
            auth=sections.auth,
            insecure=sections.upload.insecure,
        ),
    )


def _sandbox(base: str) -> Destination:
    return Destination(
        name="sandbox",
        upload_uri=f"{base}/studies",
        worklist_uri=f"{base}/workitems",
        insecure=True,  # its whole use is on a private network, without real patients
    )


def _at_google(destination: Destination) -> bool:
    uris = [uri for uri in (destination.upload_uri, destination.worklist_uri) if uri]
    return all((urlsplit(uri).hostname or "").endswith(".googleapis.com") for uri in uris)


def _decided(destination: Destination, sections: Sections) -> Destination:
    changes: dict[str, object] = {"auth": scoped(destination, _auth(destination))}
    if "parallelism" not in destination.model_fields_set:
        changes["parallelism"] = sections.upload.parallelism
    preset = preset_of(destination)
    for key, section, name in SITE_WIDE:  # said by the site for all: no less than by itself
        if name in getattr(sections, section).model_fields_set:
            preset.pop(key, None)
    return destination.model_copy(update=changes | preset)


def _auth(destination: Destination) -> Auth:
    auth = destination.auth
    kind = auth.kind or _usual_kind(destination)
    file = auth.service_account_file
    if kind is AuthKind.GOOGLE and file is None:
        file = default_file()
    return auth.model_copy(update={"kind": kind, "service_account_file": file})


def _usual_kind(destination: Destination) -> AuthKind:
    if destination.auth.service_account_file or _at_google(destination):
        return AuthKind.GOOGLE
    return AuthKind.AWS if destination.preset == "aws" else AuthKind.NONE


def _no_key(key: str, path: Path | None) -> Iterator[str]:
    if path is None:
        if metadata_host() is None:
            yield (
                f"{key}: {DEFAULT_SERVICE_ACCOUNT}: cannot be read, and there are no Application "
                "Default Credentials either"
            )
        return
    try:
        content = json.loads(path.read_bytes())
    except OSError:
        return  # unusable_file has said so
    except ValueError:
        content = None
    kind = content.get("type") if isinstance(content, dict) else None
    fields = FIELDS.get(str(kind), KEY_FIELDS)
    if not (isinstance(content, dict) and all(content.get(name) for name in fields)):
        yield f"{key}: {path}: is no Google service-account key (JSON with {', '.join(fields)})"


# Each rule, and the places without which it would tell what is not so.
_RULES: dict[Callable[[Sections], Iterator[str]], tuple[str, ...]] = {
    _reserves: ("spool.soft_reserve", "spool.hard_reserve"),
    _retries: ("upload.retry_base", "upload.retry_cap"),
    _only_destination: ("destinations",),
    _exposed: ("destinations", "upload.insecure"),
    _cycles: ("destinations", "receive.port", "receive.tls_port", "worklist.port"),
    _names: ("destinations",),
    _routes: ("destinations", "upload.uri", "worklist.uri", "routing", "routes"),
    _nobody: ("admission.strangers", "peers"),
    _strange_token: ("destinations", "upload.uri", "worklist.uri", "auth"),
}
