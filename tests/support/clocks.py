"""Another time for one process, by libfaketime (Debian package)."""

from pathlib import Path

FAKETIME = "libfaketime.so.1"
LIBRARIES = Path("/usr/lib")


def faketime() -> Path | None:
    """The library to preload; None where it is not installed."""
    return next(LIBRARIES.glob(f"*/faketime/{FAKETIME}"), None)
