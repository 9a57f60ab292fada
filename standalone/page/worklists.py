"""What worklist services answered, asked of their health ports: Redis is none of their business."""

import socket
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client.parser import text_string_to_metric_families

from shared.health import METRICS
from shared.metric import Sample
from shared.metrics import PREFIX
from shared.recorder import RECORDED, totals_of

PATIENCE = 2.0  # seconds for an answer
LONGEST = 1024 * 1024  # bytes of one
BY_NAME = {PREFIX + each.name: each for each in RECORDED}


class Worklists:
    """Sums over services that come and go, and begin anew; for one thread."""

    def __init__(self, places: Sequence[str]) -> None:
        """`places`: host:port; every address of a host is one service."""
        self._places = [each.rpartition(":") for each in places]
        self._last: dict[str, dict[str, int]] = {}  # by address
        self._sum: Counter[str] = Counter()

    def totals(self) -> dict[str, int]:
        """Since the page began."""
        for address in self._addresses():
            found = _asked(address)
            last = self._last.get(address, found)
            for what, number in found.items():
                before = last.get(what, 0)
                self._sum[what] += number - before if number >= before else number
            if found:
                self._last[address] = found
        return dict(self._sum)

    def _addresses(self) -> set[str]:
        found = set()
        for host, _, port in self._places:
            try:
                known = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
            except OSError:
                continue
            for family, *_, address in known:
                name = f"[{address[0]}]" if family == socket.AF_INET6 else address[0]
                found.add(f"{name}:{port}")
        self._last = {each: self._last[each] for each in found & self._last.keys()}
        return found


def _asked(address: str) -> dict[str, int]:
    """Nothing where there is no answer."""
    # A proxy that the environment names is no way to ourselves.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}{METRICS}", timeout=PATIENCE) as answer:
            text = answer.read(LONGEST).decode("utf-8", "replace")
        return dict(totals_of(lambda: _samples(text))())
    except (OSError, ValueError):  # nobody there, or something else
        return {}


def _samples(text: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            if metric := BY_NAME.get(each.name):
                labels = tuple(each.labels.get(name, "") for name in metric.labels)
                yield Sample(metric, each.value, labels)
