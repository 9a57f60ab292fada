"""A scraper: what a health port's /metrics says."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from shared.metrics import PREFIX

Scraped = dict[tuple[str, tuple[str, ...]], float]  # by name without prefix, and labels' values


def scrape(port: int) -> Scraped:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    return {
        (each.name.removeprefix(PREFIX), tuple(each.labels.values())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }
