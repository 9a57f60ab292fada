"""`dicomweb-proxy page` beside a proxy that runs: counts, and nothing that names anything."""

import re
from datetime import UTC, datetime
from pathlib import Path

from pydicom.dataset import Dataset

from standalone import study
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.status_page import Visit, page, password_file
from tests.support.waiting import wait_until


def made() -> list[Dataset]:
    return list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:5]


def counts(visit: Visit) -> dict[str, str]:
    return dict(visit.get("/state").json()["counts"])


def test_it_counts_what_was_stored(tmp_path: Path) -> None:
    with sandbox(tmp_path / "sandbox") as base:
        settings = {"UPLOAD__URI": f"{base}/studies"}
        with proxy(tmp_path, **settings) as running, page(tmp_path, **settings) as visit:
            send(running.port, made())
            wait_until(lambda: counts(visit)["Stored"] == "5", 20, "all to be stored")

            wait_until(lambda: "Nothing waits" in visit.text(), 20, "an empty spool")


def test_it_says_that_a_destination_is_held_and_names_nothing(tmp_path: Path) -> None:
    port, sent = free_port(), made()
    settings = {"UPLOAD__URI": f"http://127.0.0.1:{port}/studies"}
    with proxy(tmp_path, **settings) as running, page(tmp_path, **settings) as visit:
        send(running.port, sent)
        wait_until(lambda: "1 of 1 destination is held" in visit.text(), 20, "the hold")
        shown = visit.text() + visit.text("/state")

        assert counts(visit)["Instances in the spool"] == "5"
    named = [str(each.SOPInstanceUID) for each in sent] + [str(sent[0].PatientID), str(port)]
    assert not [each for each in named if each in shown]


def test_nothing_inline_is_allowed_or_wanted(tmp_path: Path) -> None:
    with page(tmp_path, UPLOAD__URI=f"http://127.0.0.1:{free_port()}/studies") as visit:
        for path in ("/", "/state", "/page.css", "/page.js", "/icon.svg"):
            headers = visit.get(path).raise_for_status().headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "form-action 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["cache-control"] == "no-store"
        shown = visit.text()

    assert "<style" not in shown
    assert " style=" not in shown
    assert "onclick" not in shown
    assert "Redis is not running" in shown


def test_up_serves_it_where_it_is_configured(tmp_path: Path) -> None:
    with sandbox(tmp_path / "sandbox") as base:
        settings = {"UPLOAD__URI": f"{base}/studies", "PAGE__PORT": 0}
        with proxy(tmp_path, **settings) as running:
            address = re.search(r"status page +(http://\S+)", running.logged())
            assert address
            with Visit(address[1]) as visit:
                send(running.port, made())

                wait_until(lambda: counts(visit)["Stored"] == "5", 20, "all to be stored")


def test_up_does_not_serve_it_where_its_table_says_nothing(tmp_path: Path) -> None:
    """As that of proxy.example.toml."""
    config = tmp_path / "proxy.toml"
    config.write_text('[page]\n[upload]\nuri = "http://127.0.0.1:9/studies"\n')
    with proxy(tmp_path / "proxy", CONFIG=config) as running:
        assert "status page" not in running.logged()


def test_new_destinations_are_seen_without_a_restart(tmp_path: Path) -> None:
    config = tmp_path / "proxy.toml"
    named = '[[destinations]]\nname = "{}"\nupload_uri = "https://archive.example/studies"\n'
    config.write_text(named.format("first"))
    settings = {
        "CONFIG": config,
        "RELOAD__WATCH": 0.2,
        "PAGE__PASSWORD_FILE": password_file(tmp_path),
    }
    with page(tmp_path, **settings) as visit:
        visit.log_in()
        assert "first" in visit.text()

        config.write_text(named.format("first") + named.format("second"))

        wait_until(lambda: "second" in visit.text(), 20, "the second")


def test_without_a_password_file_nobody_logs_in(tmp_path: Path) -> None:
    with page(tmp_path, UPLOAD__URI=f"http://127.0.0.1:{free_port()}/studies") as visit:
        assert visit.get("/login").status_code == 404
        assert visit.log_in().status_code == 403
        assert visit.get("/nothing").status_code == 404
        assert "Counts only" in visit.text()


def test_a_path_beside_a_page_leads_nowhere_and_is_kept_nowhere(tmp_path: Path) -> None:
    with page(tmp_path, UPLOAD__URI=f"http://127.0.0.1:{free_port()}/studies") as visit:
        for path in ("/state/", "/login/", "/quarantine/"):
            answer = visit.get(path, headers={"Host": "evil.example"})

            assert answer.status_code == 404
            assert "location" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
