"""Workitems of answers that were read before: an answer with the same bytes is read once."""

import gc
import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from shared.dicomweb.ups import Page, data_sets
from worklist.workitem import Workitem

MOST_BYTES = 16 << 20  # of answers; as workitems they take about six times as much


class Read(NamedTuple):
    workitems: list[Workitem]
    cut: bool  # the page has more


class Parsed:
    def __init__(self, most_workitems: int, most_bytes: int = MOST_BYTES) -> None:
        self._most_workitems = most_workitems  # of a page
        self._most = self._left = most_bytes
        self._known: OrderedDict[bytes, tuple[int, Read]] = OrderedDict()

    def workitems(self, page: Page) -> Read:
        """Raises Unreadable, or TooMany."""
        digest = hashlib.blake2b(page.body, digest_size=16).digest()
        known = self._known.get(digest)
        if known:
            self._known.move_to_end(digest)
            return known[1]
        with _no_collection():
            results = data_sets(page, self._most_workitems)
            found = Read([Workitem(each) for each in results.found], results.cut)
        self._keep(digest, results.weight, found)
        return found

    def _keep(self, digest: bytes, size: int, found: Read) -> None:
        if size > self._most:
            return
        self._known[digest] = size, found
        self._left -= size
        while self._left < 0:
            _, (freed, _) = self._known.popitem(last=False)
            self._left += freed


@contextmanager
def _no_collection() -> Iterator[None]:
    """A thousand workitems are thirty thousand new dictionaries, none of them garbage: looking for
    cycles among them takes half as long again as reading them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
