"""A Search transaction before it is sent: parameters by tag path (PS3.18 8.3.4)."""

from dataclasses import dataclass
from urllib.parse import quote

JSON, XML = "application/dicom+json", 'multipart/related; type="application/dicom+xml"'


@dataclass(frozen=True, slots=True)
class Search:
    """Parameters by tag path and unencoded value."""

    fixed: tuple[tuple[str, str], ...]  # state, start, site filters: a server must take these
    pushed: tuple[tuple[str, str], ...] = ()  # keys: left out if the server calls them wrong
    fields: tuple[str, ...] = ()
    accept: str = JSON

    def query(self, *, reduced: bool = False) -> str:
        """The query component of the URI: UTF-8, percent-encoded by PS3.18 8.3.4.1."""
        pairs = self.fixed if reduced else self.fixed + self.pushed
        parts = [f"{name}={quote(value, safe='*')}" for name, value in pairs]
        if self.fields:
            parts.append("includefield=" + ",".join(self.fields))
        return "&".join(parts)
