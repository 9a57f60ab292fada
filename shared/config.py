"""Settings: one TOML file, environment DICOMWEB_PROXY_<SECTION>__<NAME> on top.

Built once in each `__main__` and passed down; no other module reads the environment.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import PydanticBaseSettingsSource as Source

from shared.destination import DEFAULT_SERVICE_ACCOUNT, Auth, AuthKind, Destination
from shared.errors import ConfigurationError
from shared.sections import (
    HealthSettings,
    LogSettings,
    Receive,
    RedisSettings,
    Route,
    SpoolSettings,
    Upload,
    WorklistSettings,
)

PREFIX = "DICOMWEB_PROXY_"
DEFAULT_FILE = Path("/etc/dicomweb-proxy/proxy.toml")
ONLY_DESTINATION = ("upload.uri", "upload.insecure", "worklist.uri", "auth")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # an error message is no place for a credential
    )

    receive: Receive = Receive()
    spool: SpoolSettings = SpoolSettings()
    redis: RedisSettings = RedisSettings()
    upload: Upload = Upload()
    worklist: WorklistSettings = WorklistSettings()
    auth: Auth = Auth()
    health: HealthSettings = HealthSettings()
    log: LogSettings = LogSettings()
    destinations: tuple[Destination, ...] = Field(
        default=(), description="Origin servers, where there are several."
    )
    routes: tuple[Route, ...] = Field(default=(), description="Which AE title goes where.")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: Source, **sources: Source
    ) -> tuple[Source, ...]:
        """Environment above file; the file's content comes in through init_settings."""
        return sources["env_settings"], sources["init_settings"]

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        object.__setattr__(self, "destinations", tuple(_resolved(self)))
        names = [destination.name for destination in self.destinations]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"destinations: the name {twice[0]!r} is used twice")
        for number, route in enumerate(self.routes):
            for name in (*route.upload_to, *filter(None, [route.worklist_from])):
                if name not in names:
                    raise ValueError(
                        f"routes.{number}: there is no destination {name!r}{_hint(name, names)}"
                    )
        return self

    @property
    def upload_destinations(self) -> tuple[Destination, ...]:
        return tuple(each for each in self.destinations if each.upload_uri)


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of a file (else the one DICOMWEB_PROXY_CONFIG names, else the default if it exists)
    and the environment. Raises ConfigurationError with every mistake.
    """
    environ = os.environ if environ is None else environ
    named = path or (Path(environ[PREFIX + "CONFIG"]) if environ.get(PREFIX + "CONFIG") else None)
    content, mistakes = _file(named or DEFAULT_FILE, must_exist=named is not None)
    mistakes += _misspelt(environ)
    try:
        settings = Settings(**content)
    except ValidationError as error:
        raise ConfigurationError(*mistakes, *_lines(error)) from None
    except ValueError as error:  # a variable that should hold JSON and does not
        raise ConfigurationError(*mistakes, str(error).splitlines()[0]) from None
    mistakes += _missing_secrets(settings)
    if not settings.destinations:
        mistakes.append("upload.uri or worklist.uri: at least one is needed, or [[destinations]]")
    if mistakes:
        raise ConfigurationError(*mistakes)
    return settings


def _file(path: Path, *, must_exist: bool) -> tuple[dict[str, Any], list[str]]:
    try:
        return tomllib.loads(path.read_text("utf-8")), []
    except FileNotFoundError:
        return {}, [f"{path}: no such file"] if must_exist else []
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"{path}: cannot be read ({getattr(error, 'strerror', 'not UTF-8')})"]
    except tomllib.TOMLDecodeError as error:
        return {}, [f"{path}: {error}"]


def _misspelt(environ: Mapping[str, str]) -> list[str]:
    """Variables of ours that no setting takes: pydantic-settings would shrug."""
    known = {PREFIX + "CONFIG", *(PREFIX + key.upper().replace(".", "__") for key in keys())}
    whole = {PREFIX + name.upper() for name in Settings.model_fields}
    return [
        f"{name}: there is no such setting{_hint(name, known)}"
        for name in sorted(environ)
        if name.upper().startswith(PREFIX) and name.upper() not in known | whole
    ]


def keys() -> Iterator[str]:
    """Every setting that the environment can give, as section.name."""
    for section, field in Settings.model_fields.items():
        nested = getattr(field.annotation, "model_fields", None)
        yield from (f"{section}.{name}" for name in nested) if nested else ()


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def _lines(error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_url=False, include_input=False):
        place = ".".join(map(str, each["loc"]))
        message = each["msg"].removeprefix("Value error, ")
        if each["type"] == "extra_forbidden":
            message = f"there is no such setting{_hint(place, keys())}"
        yield f"{place}: {message}" if place else message


def _resolved(settings: Settings) -> Iterator[Destination]:
    """The destinations, with authentication decided."""
    single = bool(settings.upload.uri or settings.worklist.uri)
    if settings.destinations:
        if beside := _only_destination_keys(settings):
            raise ValueError(
                f"{beside[0]}: cannot stand beside [[destinations]]; move it into one of them"
            )
        found = settings.destinations
    elif single:
        found = (_only(settings),)
    else:
        found = ()
    for each in found:
        yield each.model_copy(update={"auth": _decided(each)})


def _only_destination_keys(settings: Settings) -> list[str]:
    parts = [(key, *key.partition(".")[::2]) for key in ONLY_DESTINATION]
    return [
        key
        for key, section, name in parts
        if section in settings.model_fields_set
        and (not name or name in getattr(settings, section).model_fields_set)
    ]


def _only(settings: Settings) -> Destination:
    return Destination(
        upload_uri=settings.upload.uri,
        worklist_uri=settings.worklist.uri,
        auth=settings.auth,
        insecure=settings.upload.insecure,
        parallelism=settings.upload.parallelism,
    )


def _decided(destination: Destination) -> Auth:
    auth = destination.auth
    uris = [uri for uri in (destination.upload_uri, destination.worklist_uri) if uri]
    at_google = all((urlsplit(uri).hostname or "").endswith(".googleapis.com") for uri in uris)
    kind = auth.kind or (
        AuthKind.GOOGLE if auth.service_account_file or at_google else AuthKind.NONE
    )
    if auth.kind is None and auth.service_account_file and not at_google:
        raise ValueError(
            f"destinations.{destination.name}: a Google token is sent to a host outside googleapis.com "
            'only if auth.kind = "google" says so'
        )
    file = auth.service_account_file
    if kind is AuthKind.GOOGLE and file is None:
        file = DEFAULT_SERVICE_ACCOUNT
    return auth.model_copy(update={"kind": kind, "service_account_file": file})


def _missing_secrets(settings: Settings) -> list[str]:
    secrets = [("redis.password_file", settings.redis.password_file)]
    for each in settings.destinations:
        place = f"destinations.{each.name}"
        secrets += [
            (f"{place}.auth.{key}", cast("Path | None", getattr(each.auth, key)))
            for key in ("service_account_file", "password_file", "token_file")
        ]
        secrets.append((f"{place}.ca_file", each.ca_file))
    return [problem for key, path in secrets if path and (problem := _unusable(key, path))]


def _unusable(key: str, path: Path) -> str:
    try:
        if path.read_bytes().strip():
            return ""
    except OSError as error:
        return f"{key}: {path}: cannot be read ({error.strerror})"
    return f"{key}: {path}: is empty"
