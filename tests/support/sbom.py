"""A CycloneDX bill of materials for each image, from its hashed requirements (`make sbom`)."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SERVICES = ("receiver", "uploader", "worklist", "page", "sandbox", "standalone")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
UNEXAMINED = """\
Vulnerabilities: not examined. This report has no source of vulnerability data; it makes none up.
Feed the bills of materials beside it to a scanner that has one.
"""


def bill(service: str) -> dict[str, Any]:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"dicomweb-proxy/{service}@{version}",
                "name": f"dicomweb-proxy/{service}",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": list(components(ROOT / "requirements" / f"{service}.txt")),
    }


def components(requirements: Path) -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {}
    for line in requirements.read_text("utf-8").splitlines():
        if pin := _PIN.match(line):
            if found:
                yield found
            found = _component(pin[1], pin[2], pin[3])
        elif digest := _HASH.search(line):
            found["properties"].append({"name": "pip:hash", "value": digest[1]})
    if found:
        yield found


def _component(name: str, version: str, marker: str | None) -> dict[str, Any]:
    purl = f"pkg:pypi/{name.lower()}@{version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "properties": [],
    }
    if licence := _licence(name):
        component["licenses"] = [{"license": {"name": licence}}]
    if marker:
        component["properties"].append({"name": "pip:marker", "value": marker})
    return component


def _licence(name: str) -> str:
    """As the installed package says; "" where it is not installed or says nothing short."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return ""
    expressions = told.get_all("License-Expression") or []
    classifiers = [
        each.rpartition(" :: ")[2]
        for each in told.get_all("Classifier") or []
        if each.startswith("License ::")
    ]
    return next(iter([*expressions, *classifiers]), "")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for service in SERVICES:
        content = bill(service)
        path = folder / f"{service}.cdx.json"
        path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        sys.stdout.write(f"{path}: {len(content['components'])} components\n")
    (folder / "vulnerabilities.txt").write_text(UNEXAMINED, "utf-8")
    sys.stdout.write(UNEXAMINED)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
