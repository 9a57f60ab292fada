"""What `docker compose` makes of docker-compose.yml, overlays and a .env; nothing is started."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.sections import PREFIX
from tests.support.compose import ROOT
from tests.support.peers import lacking

OVERLAYS = ROOT / "deploy" / "compose"
OURS = ("receiver", "uploader", "worklist", "page", "admin")


def services(
    folder: Path, *overlays: str, dotenv: str = "", shell: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Of a project in `folder`, whose .env is `dotenv`."""
    docker = shutil.which("docker")
    version = [str(docker), "compose", "version"]
    if not docker or subprocess.run(version, check=False, capture_output=True).returncode:
        lacking("docker compose is not installed")
    (folder / ".env").write_text(dotenv, "utf-8")
    files = [ROOT / "docker-compose.yml", *(OVERLAYS / f"{each}.yml" for each in overlays)]
    outside = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    done = subprocess.run(
        [
            docker, "compose", "--project-directory", str(folder), "--profile", "admin",
            *(word for each in files for word in ("--file", str(each))),
            "config", "--format", "json",
        ],
        check=True, capture_output=True, text=True, timeout=60, env={**outside, **(shell or {})},
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found
