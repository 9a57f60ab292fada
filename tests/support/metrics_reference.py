"""docs/metrics.md, made from the declarations (`make docs`)."""

from shared.metrics import METRICS, PREFIX
from tests.support.settings_reference import ROOT

PAGE = ROOT / "docs" / "metrics.md"
HEAD = """\
# Metrics

Made from the program by `make docs`.

`GET /metrics` on each service's health port (`health.port`, 8080) answers in Prometheus' text
format, with what `prometheus_client` says of a process (`process_…`) besides. Containers have a
port each: scrape every one of them.

What concerns a destination comes from one uploader, the one that leads; another takes over some
seconds after it is gone. Counts are kept in Redis, so they hold for all workers and containers. In
the seconds of such a change two may answer: ask with `max by (destination) (…)`. A Redis that lost
its data begins to count at 0, which `rate` and `increase` know how to take.

`dicomweb-proxy up` has one health port, if `health.port` is set, and tells everything there.

Labels are names from the settings and statuses of DICOM. No metric carries a UID, an AE title or an
address.

| metric | kind | labels | meaning | from |
|---|---|---|---|---|
"""
TAIL = """
## Questions

| question | expression |
|---|---|
| Do images wait too long? | `max by (destination) (dicomweb_proxy_oldest_age_seconds) > 900` |
| Is a destination held? | `max by (destination) (dicomweb_proxy_hold_seconds) > 0` |
| Does somebody have to decide? | `max by (destination) (dicomweb_proxy_quarantine_instances) > 0` |
| Is a service not ready? | `dicomweb_proxy_check == 0` |
| Does no uploader lead? | `absent(dicomweb_proxy_leader == 1)` |
| Are our credentials refused? | `dicomweb_proxy_failing{fault="denied"} == 1` |
| Does an archive hang? | `max by (destination) (dicomweb_proxy_unanswered_seconds) > 15` |
| Do requests take long? | `histogram_quantile(0.9, rate(…_request_seconds_bucket[5m])) > 10` |
| Instances a second | `max by (destination) (rate(dicomweb_proxy_stored_total[5m]))` |
"""


def page() -> str:
    lines = [
        f"| `{PREFIX}{each.name}` | {each.kind} | {', '.join(each.labels)} | {each.meaning} | "
        f"{each.by} |\n"
        for each in METRICS
    ]
    return HEAD + "".join(lines) + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
