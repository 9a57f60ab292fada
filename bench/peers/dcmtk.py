"""DCMTK's storescp and wlmscpfs."""

from pathlib import Path

from bench.site import Site, free_port, program

# Debian's DCMTK leaves Nagle's algorithm on otherwise: 44 ms for each answer.
ENVIRONMENT = {"TCP_NODELAY": "1"}


def storescp(site: Site) -> int:
    """A process per association, large PDUs, no sync, no index."""
    port = free_port()
    argv = [program("storescp", "dcmtk"), "--fork", "-pdu", "131072", "-od", site.made("out")]
    site.start("storescp", [*argv, str(port)], ENVIRONMENT)
    site.wait_for("storescp", port)
    return port


def wlmscpfs(site: Site, worklists: Path) -> int:
    """Serves the .wl files of `worklists`/BENCH, the folder of the called AE title."""
    port = free_port()
    argv = [program("wlmscpfs", "dcmtk"), "-dfp", worklists, str(port)]
    site.start("wlmscpfs", argv, ENVIRONMENT)
    site.wait_for("wlmscpfs", port)
    return port
