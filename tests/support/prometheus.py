"""A Prometheus that scrapes what a test runs, to ask it what an alert would say."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.settings_reference import ROOT
from tests.support.waiting import wait_until

RULES = ROOT / "deploy" / "monitoring" / "rules.yml"
START_TIMEOUT = 30.0  # seconds


class Prometheus:
    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
        self._alerts = {rule["alert"]: rule["expr"] for each in groups for rule in each["rules"]}

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._base}/-/ready", timeout=5):
                return True
        except OSError:
            return False

    def raises(self, alert: str) -> bool:
        """Whether its expression holds now, were it not for how long it has to."""
        query = urllib.parse.urlencode({"query": self._alerts[alert]})
        with urllib.request.urlopen(f"{self._base}/api/v1/query?{query}", timeout=10) as answer:
            return bool(json.load(answer)["data"]["result"])

    def raised(self) -> set[str]:
        return {each for each in self._alerts if self.raises(each)}


@contextmanager
def prometheus(folder: Path, targets: Sequence[int]) -> Iterator[Prometheus]:
    port = free_port()
    config = folder / "prometheus.yml"
    scrape = {
        "job_name": "dicomweb-proxy",
        "static_configs": [{"targets": [f"127.0.0.1:{each}" for each in targets]}],
    }
    content = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
    config.write_text(yaml.safe_dump(content))
    command = [
        peer("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        running = Prometheus(port)
        wait_until(running.ready, START_TIMEOUT, "Prometheus")
        yield running
    finally:
        process.terminate()
        process.wait(20)
