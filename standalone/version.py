"""The version, as installed."""

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("dicomweb-proxy")
    except PackageNotFoundError:  # a container image copies the folders and installs nothing
        return "unknown"


VERSION = _installed()
