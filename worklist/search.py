"""A Search transaction before it is sent: parameters by tag path (PS3.18 8.3.4)."""

from dataclasses import dataclass
from urllib.parse import quote

JSON, XML = "application/dicom+json", 'multipart/related; type="application/dicom+xml"'
WHOLE, WITHOUT_KEYS, PLAIN = 0, 1, 2  # how much of a search is sent


@dataclass(frozen=True, slots=True)
class Search:
    """Parameters by tag path and unencoded value."""

    fixed: tuple[tuple[str, str], ...]  # state, start, site filters: a server must take these
    pushed: tuple[tuple[str, str], ...] = ()  # keys: left out if the server calls them wrong
    fields: tuple[str, ...] = ()
    accept: str = JSON
    paged: bool = True

    @property
    def shape(self) -> tuple[str, ...]:
        """What a server may call wrong, without the values, which may name a patient."""
        return tuple(name for name, _ in self.pushed)

    def query(self, level: int = WHOLE) -> str:
        """The query component of the URI: UTF-8, percent-encoded by PS3.18 8.3.4.1."""
        pairs = self.fixed + self.pushed if level == WHOLE else self.fixed
        parts = [f"{name}={quote(value, safe='*')}" for name, value in pairs]
        if self.fields and level < PLAIN:
            parts.append("includefield=" + ",".join(self.fields))
        return "&".join(parts)

    def simpler(self, level: int) -> int:
        return WITHOUT_KEYS if level == WHOLE and self.pushed else PLAIN
