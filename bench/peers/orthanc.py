"""Orthanc as a receiver, as a forwarder and as a worklist server."""

import json
import subprocess
from pathlib import Path
from typing import Any

from bench.peers.dcmtk import ENVIRONMENT
from bench.site import Missing, Site, free_port, program

PLUGINS = Path("/usr/share/orthanc/plugins")
JOBS = 256  # ConcurrentJobs: with the default of 2, the plugin forwards 4 instances a second
FORWARD = """
function OnStoredInstance(instance)
  local job = { Resources = { instance }, Synchronous = false }
  RestApiPost('/dicom-web/servers/sink/stow', DumpJson(job), false)
end
"""
TUNED = {"MaximumPduLength": 131072, "StoreMD5ForAttachments": False, "SaveJobs": False}
UNSYNCED = {"SyncStorageArea": False}


def version() -> str:
    answer = subprocess.run(
        [program("Orthanc", "orthanc"), "--version"], capture_output=True, text=True, check=False
    )
    return answer.stdout.splitlines()[0] if answer.stdout else "Orthanc"


def default(site: Site) -> int:
    """As it comes: synced, MD5 of each file, PDUs of 16 KiB."""
    return launch(site, {})


def tuned(site: Site) -> int:
    """Tuned, and still synced."""
    return launch(site, TUNED)


def tuned_unsynced(site: Site) -> int:
    return launch(site, TUNED | UNSYNCED)


def forwarder(site: Site, sink: int) -> int:
    """Tuned without sync; each instance is sent on by its own job, up to 256 at once."""
    script = site.folder / "forward.lua"
    script.write_text(FORWARD)
    server = {"Url": f"http://127.0.0.1:{sink}/", "HasDelete": False}
    forwarding = {
        "LuaScripts": [str(script)],
        "ConcurrentJobs": JOBS,
        "Plugins": [plugin("libOrthancDicomWeb.so", "orthanc-dicomweb")],
        "DicomWeb": {"Enable": True, "Servers": {"sink": server}},
    }
    return launch(site, TUNED | UNSYNCED | forwarding)


def worklists(site: Site, folder: Path) -> int:
    """Serves the .wl files of a folder through its worklist plugin."""
    return launch(
        site,
        {
            "Plugins": [plugin("libModalityWorklists.so", "orthanc")],
            "Worklists": {"Enable": True, "Database": str(folder)},
        },
    )


def launch(site: Site, options: dict[str, Any]) -> int:
    port, out = free_port(), site.made("orthanc")
    configuration = {
        "StorageDirectory": str(out),
        "IndexDirectory": str(out),
        "HttpPort": free_port(),
        "DicomPort": port,
        "DicomAet": "BENCH",
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomCheckCalledAet": False,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFindWorklist": True,
        "Plugins": [],
        **options,
    }
    file = site.folder / "orthanc.json"
    file.write_text(json.dumps(configuration))
    site.start("orthanc", [program("Orthanc", "orthanc"), file], ENVIRONMENT)
    site.wait_for("orthanc", port)
    return port


def plugin(name: str, package: str) -> str:
    path = PLUGINS / name
    if not path.exists():
        raise Missing(f"{name} is not installed (Debian package {package})")
    return str(path)
