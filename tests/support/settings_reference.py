"""Writes proxy.example.toml and docs/configuration.md from the settings (`make docs`)."""

import json
from collections.abc import Iterator
from enum import Enum
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.admission_sections import KnownPeer
from shared.destination import Auth, Destination
from shared.route_sections import Route
from shared.sections import PREFIX, Sections
from shared.worklist_sections import Modality

ROOT = Path(__file__).parents[2]
EXAMPLE, REFERENCE = ROOT / "proxy.example.toml", ROOT / "docs" / "configuration.md"
LISTS: dict[str, type[BaseModel]] = {
    "destinations": Destination,
    "routes": Route,
    "peers": KnownPeer,
    "modalities": Modality,
}
# What stands where there is no default.
SAMPLES: dict[str, Any] = {
    "audit.file": "/var/log/dicomweb-proxy/audit.jsonl",
    "auth.client_certificate_file": "/run/secrets/client_certificate",
    "auth.client_key_file": "/run/secrets/client_key",
    "auth.client_assertion_file": "/run/identity/token",
    "auth.client_secret_file": "/run/secrets/client_secret",
    "auth.kind": "google",
    "auth.password_file": "/run/secrets/password",
    "auth.private_key_certificate_file": "/run/secrets/private_key_certificate",
    "auth.private_key_file": "/run/secrets/private_key",
    "auth.service_account_file": "/run/secrets/service_account",
    "auth.token_file": "/run/secrets/token",
    "auth.token_uri": "https://login.example/oauth2/token",
    "destinations.ca_file": "/etc/dicomweb-proxy/ca.pem",
    "destinations.preset": "generic",
    "destinations.upload_uri": "https://archive.example/dicom-web/studies",
    "destinations.worklist_preset": "generic",
    "destinations.worklist_profile": "ups-standard",
    "destinations.worklist_uri": "https://archive.example/dicom-web/workitems",
    "page.password_file": "/run/secrets/page_passwords",
    "page.user_header": "X-Remote-User",
    "peers.idle_timeout": 60.0,
    "peers.max_associations": 10,
    "peers.message_timeout": 1800.0,
    "peers.pdu_timeout": 30.0,
    "peers.validation": "strict",
    "redis.password_file": "/run/secrets/redis_password",
    "routes.worklist_from": "default",
    "spool.hard_reserve": 512 * 1024**2,
    "spool.soft_reserve": 2 * 1024**3,
    "tracing.endpoint": "http://collector.example:4318/v1/traces",
    "upload.preset": "generic",
    "upload.uri": "https://archive.example/dicom-web/studies",
    "worklist.upstream_timezone": "Europe/Berlin",
    "worklist.uri": "https://archive.example/dicom-web/workitems",
}
BOUNDS = {Ge: "at least", Gt: "above", Le: "at most", Lt: "below"}

EXAMPLE_HEAD = """\
# Every setting with its default and what it does: take away the # where you change one.
# Made from the program by `make docs`; docs/configuration.md says how settings are found.
"""
EXAMPLE_LISTS = """\

# Several origin servers: then no upload.uri, upload.preset, upload.insecure, worklist.uri or
# [auth] may be set.
# Routes say what goes where; [routing] says how they are read.
"""
REFERENCE_HEAD = f"""\
# Configuration

Made from the program by `make docs`. `proxy.example.toml` has the same as a file to start from.

Settings come from one TOML file and from the environment; the environment wins. The file is the
one that `--config` or `{PREFIX}CONFIG` names, which must exist, else
`/etc/dicomweb-proxy/proxy.toml` if there is one. The variable for `upload.uri` is
`{PREFIX}UPLOAD__URI`: section, two underscores, name. Lists are JSON there:
`{PREFIX}DESTINATIONS='[{{"name": "cloud", "upload_uri": "https://…/studies"}}]'`.

At least one `upload.uri` or `worklist.uri` is needed, or `[[destinations]]`. URIs must be https,
unless the host is loopback or `insecure = true`; they have no user info, query or fragment, and a
slash at the end is dropped. Secrets are files, never values. A path that does not begin
with a slash begins in the folder in which the program was started. All mistakes are
told at once, each with its key, and the program ends with exit code 2: those that concern several
settings too, except where one of these settings is wrong by itself. A variable that begins with
`{PREFIX}` and names no setting is a mistake too.

`dicomweb-proxy check` tells whether a configuration can be used, `dicomweb-proxy config show` what
it comes to.

## From the prototype (google/dicomproxy)

| parameter | setting | variable |
|---|---|---|
| receive-port | `receive.port` | `{PREFIX}RECEIVE__PORT` |
| upload-uri | `upload.uri` | `{PREFIX}UPLOAD__URI` |
| worklist-uri | `worklist.uri` | `{PREFIX}WORKLIST__URI` |
| temp-folder | `spool.path` | `{PREFIX}SPOOL__PATH` |
| service-account-creds-json-file | `auth.service_account_file` | \
`{PREFIX}AUTH__SERVICE_ACCOUNT_FILE` |
| upload-parallelism | `upload.parallelism` | `{PREFIX}UPLOAD__PARALLELISM` |
| worklist-includefield-all | `worklist.includefield_all` | `{PREFIX}WORKLIST__INCLUDEFIELD_ALL` |
"""


def example() -> str:
    parts = [EXAMPLE_HEAD]
    for name, model in sections():
        parts.append(f"\n[{name}]{_summary(model, '  # ')}\n")
        parts += [_line(name, key, field) for key, field in model.model_fields.items()]
    parts.append(EXAMPLE_LISTS)
    for name, model in LISTS.items():
        parts.append(f"\n#[[{name}]]\n")
        parts += [_line(name, key, field) for key, field in _plain(model)]
        if model is Destination:
            parts.append('#auth = { kind = "google" } # as [auth]\n')
    return "".join(parts)


def reference() -> str:
    parts = [REFERENCE_HEAD]
    for name, model in (*sections(), *LISTS.items()):
        brackets = f"[[{name}]]" if name in LISTS else f"[{name}]"
        summary = f"{_summary(model)}\n\n" if model.__doc__ else ""
        parts.append(f"\n## {brackets}\n\n{summary}| setting | default | meaning |\n")
        parts.append("|---|---|---|\n")
        parts += [_row(key, field) for key, field in _plain(model)]
        if model is Destination:
            parts.append("| `auth` | none | A table as [auth], for this destination. |\n")
    return "".join(parts)


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Sections.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation


def _plain(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(key, field) for key, field in model.model_fields.items() if field.annotation != Auth]


def _line(section: str, key: str, field: FieldInfo) -> str:
    default = _default(field)
    value = SAMPLES.get(f"{section}.{key}", _sample(key)) if default is None else default
    note = " # no default" if default is None else ""
    meaning = "".join(f"# {line}\n" for line in _wrapped(_meaning(field)))
    return f"{meaning}#{key} = {_toml(value)}{note}\n"


def _sample(key: str) -> str:
    """Most settings without a default are files."""
    return f"/etc/dicomweb-proxy/{key.removesuffix('_file')}.pem"


def _row(key: str, field: FieldInfo) -> str:
    default = _default(field)
    shown = "none" if default is None else f"`{_toml(default)}`"
    return f"| `{key}` | {shown} | {_meaning(field)} |\n"


def _meaning(field: FieldInfo) -> str:
    """What it does, its choices and bounds."""
    parts = [field.description or "", _choices(field.annotation), _bounds(_metadata(field))]
    return " ".join(part for part in parts if part)


def _metadata(field: FieldInfo) -> list[Any]:
    """Constraints of the field, wherever pydantic keeps them."""
    return [*field.metadata, *getattr(field.annotation, "__metadata__", ())]


def _choices(annotation: Any) -> str:
    members = get_args(annotation) or (annotation,)
    values: list[str] = []
    for each in members:
        if isinstance(each, type) and issubclass(each, Enum):
            values += [str(member.value) for member in each]
        elif isinstance(each, str):  # of a Literal
            values.append(each)
    return f"One of {', '.join(values)}." if values else ""


def _bounds(metadata: list[Any]) -> str:
    found = {type(each): value for each in metadata for value in vars_of(each)}
    if {MinLen, MaxLen} <= found.keys():
        return f"{found[MinLen]} to {found[MaxLen]} characters."
    if MinLen in found:
        return f"At least {found[MinLen]}."
    if {Ge, Le} <= found.keys():
        return f"{found[Ge]} to {found[Le]}."
    told = [f"{word} {found[kind]}" for kind, word in BOUNDS.items() if kind in found]
    return ", ".join(told).capitalize() + "." if told else ""


def vars_of(each: Any) -> list[Any]:
    """The one value of a constraint of annotated_types; nothing of others."""
    known = isinstance(each, (*BOUNDS, MinLen, MaxLen))
    return [getattr(each, name) for name in each.__dataclass_fields__] if known else []


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True, validated_data={})


def _toml(value: Any) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, dict):
        return "{}" if not value else json.dumps(value)
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def _summary(model: type[BaseModel], before: str = "") -> str:
    text = cleandoc(model.__doc__ or "").split("\n\n", 1)[0].replace("\n", " ")
    return f"{before}{text}" if text and get_origin(model) is None else ""


def _wrapped(text: str, width: int = 98) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) >= width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line]


def main() -> None:
    EXAMPLE.write_text(example(), "utf-8")
    REFERENCE.write_text(reference(), "utf-8")


if __name__ == "__main__":
    main()
