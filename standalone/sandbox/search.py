"""QIDO-RS, the origin server's side: the Search transaction (PS3.18 10.6)."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from standalone.sandbox.archive import Archive, Holding
from standalone.sandbox.levels import INDEXED, INSTANCE, SERIES, STUDY, tags
from standalone.sandbox.match import BadQuery, key_of, matches
from standalone.sandbox.responses import attribute, dicom_json, refusal

MODALITIES_IN_STUDY = "00080061"
MATCHED_ELSEWHERE = frozenset({"limit", "offset", "includefield", "fuzzymatching"})
Make = Callable[[list[Holding], str], dict[str, Any]]


def studies(request: Request) -> Response:
    return _search(request, lambda each: each.study, _study)


def series(request: Request) -> Response:
    return _search(request, lambda each: each.series, _series)


def instances(request: Request) -> Response:
    return _search(request, lambda each: each.sop_instance_uid, _instance)


def _search(request: Request, level: Callable[[Holding], str], make: Make) -> Response:
    archive: Archive = request.app.state.archive
    base = str(request.base_url).rstrip("/")
    try:
        keys = _keys(request)
        limit, offset = _number(request, "limit", 1000), _number(request, "offset", 0)
    except BadQuery as fault:
        return refusal(400, str(fault))
    groups: dict[str, list[Holding]] = {}
    for held in archive.holdings(**request.path_params):
        groups.setdefault(level(held), []).append(held)
    everything = (make(group, base) for group in groups.values())
    found = (each for each in everything if _all_match(keys, each))
    answer = list(islice(found, offset, offset + limit))
    return dicom_json(answer) if answer else Response(status_code=204)  # PS3.18 Table 10.6.3-1


def _keys(request: Request) -> dict[str, str]:
    searchable = {*INDEXED, int(MODALITIES_IN_STUDY, 16)}
    return {
        key_of(name, searchable): value
        for name, value in request.query_params.items()
        if name not in MATCHED_ELSEWHERE
    }


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise BadQuery(f"{name} must be a number from 0.")
    return int(text)


def _all_match(keys: dict[str, str], answer: dict[str, Any]) -> bool:
    return all(matches(key, wanted, answer) for key, wanted in keys.items())


def _study(group: list[Holding], base: str) -> dict[str, Any]:
    modalities = sorted({_modality(each) for each in group} - {""})
    return {
        **_of(group[0], STUDY),
        "00080056": attribute("CS", "ONLINE"),
        MODALITIES_IN_STUDY: attribute("CS", *modalities),
        "00081190": attribute("UR", f"{base}/studies/{group[0].study}"),
        "00201206": attribute("IS", len({each.series for each in group})),
        "00201208": attribute("IS", len(group)),
    }


def _series(group: list[Holding], base: str) -> dict[str, Any]:
    first = group[0]
    return {
        **_of(first, STUDY + SERIES),
        "00081190": attribute("UR", f"{base}/studies/{first.study}/series/{first.series}"),
        "00201209": attribute("IS", len(group)),
    }


def _instance(group: list[Holding], base: str) -> dict[str, Any]:
    return {
        **_of(group[0], STUDY + SERIES + INSTANCE),
        "00080056": attribute("CS", "ONLINE"),
        "00081190": attribute("UR", group[0].url(base)),
    }


def _of(held: Holding, keywords: Iterable[str]) -> dict[str, Any]:
    wanted = {f"{tag:08X}" for tag in tags("SpecificCharacterSet", *keywords)}
    return {tag: value for tag, value in held.attributes.items() if tag in wanted}


def _modality(held: Holding) -> str:
    return str(next(iter(held.attributes.get("00080060", {}).get("Value", [])), "") or "")
