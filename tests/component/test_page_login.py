"""Logging in to the status page: by a password, or by a reverse proxy that is trusted."""

import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.sections import PREFIX
from standalone.cli import main
from standalone.page.passwords import Passwords, line_for
from standalone.page.throttle import EACH
from standalone.web_server import HEAD_PATIENCE
from tests.support.authority import Authority
from tests.support.certificates import certificates
from tests.support.documented import blocks
from tests.support.instances import make
from tests.support.nginx import nginx
from tests.support.status_page import (
    PASSWORD,
    USER,
    WHY,
    Visit,
    audited,
    logged,
    messages,
    page,
    quarantined,
    served,
)

TRUSTING = {"PAGE__USER_HEADER": "X-Remote-User", "PAGE__TRUSTED_PROXIES": '["127.0.0.0/8"]'}


def test_names_and_reasons_are_for_those_who_log_in(visit: Visit, tmp_path: Path) -> None:
    [item] = quarantined(tmp_path)
    uid = make(tmp_path, 1, size=800).uid
    before = visit.text() + visit.text("/state")

    entered = visit.log_in()

    after = visit.text()
    assert entered.status_code == 303
    named = (uid, WHY, item, "default")
    assert not [each for each in named if each in before]
    assert [each for each in named if each in after] == list(named)
    assert "nstances are in quarantine" in before
    with Visit(str(visit.base_url)) as other:  # who comes next has not logged in
        assert uid not in other.text()


def test_the_cookie_is_for_this_page_alone(visit: Visit) -> None:
    cookie = visit.log_in().headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie


def test_a_wrong_password_is_refused_and_soon_not_even_tried(visit: Visit, tmp_path: Path) -> None:
    statuses = [visit.log_in("nobody", "wrong password").status_code for _ in range(EACH + 1)]
    late = visit.log_in()

    assert statuses == [401] * EACH + [429]
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert "page.login_refused" in logged(tmp_path)
    assert "wrong password" not in logged(tmp_path)


def test_logins_are_audited_by_user_and_address(visit: Visit, tmp_path: Path) -> None:
    visit.log_in("alice's password", "typed into the wrong field")
    visit.log_in()
    visit.post("/logout", data={"token": visit.token()})

    told = [
        (
            each["EventIdentification"]["EventTypeCode"][0]["originalText"],
            each["EventIdentification"]["EventOutcomeIndicator"],
            each["ActiveParticipant"][0]["UserID"],
            each["ActiveParticipant"][0]["NetworkAccessPointID"],
        )
        for each in messages(tmp_path)
        if "User Authentication" in str(each)
    ]
    address = "127.0.0.1"
    assert told == [
        ("Login", 4, "unknown", address),
        ("Login", 0, USER, address),
        ("Logout", 0, USER, address),
    ]


def test_logging_out_ends_it_for_whoever_has_the_cookie(visit: Visit) -> None:
    visit.log_in()
    kept = dict(visit.cookies)

    left = visit.post("/logout", data={"token": visit.token()})
    visit.cookies.update(kept)

    assert left.status_code == 303
    assert "Logged in" not in visit.text()


def test_a_line_that_is_taken_away_ends_the_login(visit: Visit, tmp_path: Path) -> None:
    visit.log_in()
    assert "Logged in" in visit.text()

    (tmp_path / "passwords").write_text(line_for("somebody", "another long one") + "\n")

    assert "Logged in" not in visit.text()


def test_a_login_ends_by_itself(tmp_path: Path, page_settings: dict[str, Any]) -> None:
    with page(tmp_path, **page_settings, PAGE__SESSION_AGE=0.001) as visit:
        visit.log_in()

        assert "Logged in" not in visit.text()


def test_a_reverse_proxy_that_is_trusted_names_the_user(
    tmp_path: Path, page_settings: dict[str, Any]
) -> None:
    [item] = quarantined(tmp_path)
    with page(tmp_path, **page_settings, **TRUSTING) as visit:
        visit.headers["X-Remote-User"] = "alice"
        visit.headers["X-Forwarded-For"] = "203.0.113.9, 10.0.0.7"
        visit.headers["X-Forwarded-Host"] = "status.example"
        visit.headers["X-Forwarded-Proto"] = "https"
        visit.headers["Origin"] = "https://status.example"

        assert "Logged in as alice" in visit.text()
        assert visit.decide("requeue", item).status_code == 303
        cookie = visit.log_in().headers["set-cookie"]

    assert cookie.startswith("__Host-")
    assert "secure" in cookie.lower()
    [message] = audited(tmp_path)
    assert message["ActiveParticipant"][0]["UserID"] == "alice"
    assert message["ActiveParticipant"][0]["NetworkAccessPointID"] == "10.0.0.7"


def documented(users: Path) -> str:
    """What docs/status-page.md has nginx do, with users of the test's."""
    [block] = [each for each in blocks() if each.language == "nginx"]
    said = [line.strip() for line in block.text.splitlines()[1:-1]]
    kept = [line for line in said if not line.startswith("proxy_pass ")]
    return "\n".join(kept).replace("/etc/nginx/users", str(users))


def test_nginx_in_front_says_who_asks(tmp_path: Path, page_settings: dict[str, Any]) -> None:
    [item], tls = quarantined(tmp_path), certificates(tmp_path)
    users = tmp_path / "users"
    users.write_text("alice:{PLAIN}of the reverse proxy\n")
    users.chmod(0o644)
    with served(tmp_path, **page_settings, **TRUSTING) as base:
        port = httpx.URL(base).port
        assert port
        with nginx(tls, port, more=documented(users)) as front:
            here = f"https://localhost:{front.port}"
            with Visit(here, verify=ssl.create_default_context(cafile=str(tls.ca_file))) as visit:
                stranger = visit.get("/").status_code
                visit.auth = httpx.BasicAuth("alice", "of the reverse proxy")
                visit.headers["X-Remote-User"] = "mallory"  # nginx puts its own in its place
                shown = visit.text()
                done = visit.decide("requeue", item).status_code

    assert (stranger, done) == (401, 303)
    assert "Logged in as alice" in shown
    [message] = audited(tmp_path)
    assert message["ActiveParticipant"][0]["UserID"] == "alice"


def test_the_header_of_anybody_else_is_nothing(
    tmp_path: Path, page_settings: dict[str, Any]
) -> None:
    trusting = {"PAGE__USER_HEADER": "X-Remote-User", "PAGE__TRUSTED_PROXIES": '["192.0.2.0/24"]'}
    with page(tmp_path, **page_settings, **trusting) as visit:
        visit.headers["X-Remote-User"] = "alice"
        visit.headers["X-Forwarded-For"] = "192.0.2.1"

        assert "alice" not in visit.text()


def test_it_speaks_tls(tmp_path: Path, page_settings: dict[str, Any]) -> None:
    authority = Authority(tmp_path)
    ours = authority.issue("localhost")
    tls = {"PAGE__TLS_CERTIFICATE_FILE": ours.certificate, "PAGE__TLS_KEY_FILE": ours.key}
    with served(tmp_path, **page_settings, **tls) as base:
        port = httpx.URL(base).port
        context = ssl.create_default_context(cafile=str(authority.certificate))
        with Visit(f"https://localhost:{port}", verify=context) as visit:
            cookie = visit.log_in().headers["set-cookie"]

            assert "Logged in" in visit.text()
    assert base.startswith("https://")
    assert cookie.startswith("__Host-")
    assert "secure" in cookie.lower()


def test_a_password_file_with_a_mistake_is_refused_at_start(
    page_settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    page_settings["PAGE__PASSWORD_FILE"].write_text("operator:secret\n")
    for key, value in page_settings.items():
        monkeypatch.setenv(PREFIX + key, str(value))

    code = main(["page", "--port=0"])

    assert code == 2
    assert "line 1 is none that --make-password makes" in capsys.readouterr().err


def test_a_line_for_the_password_file_is_made(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "standalone.cli", "page", "--make-password", "alice"],
        input=PASSWORD + "\n",
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    file = tmp_path / "made"
    file.write_text(made.stdout)

    passwords = Passwords(file)

    assert passwords.admits("alice", PASSWORD)
    assert not passwords.admits("alice", PASSWORD + "!")
    assert not passwords.admits("bob", PASSWORD)
    assert PASSWORD not in file.read_text()


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_a_connection_that_asks_nothing_is_closed(visit: Visit, begun: bytes) -> None:
    port = visit.base_url.port
    assert port
    with socket.create_connection(("127.0.0.1", port), timeout=4 * HEAD_PATIENCE) as connection:
        connection.sendall(begun)

        assert connection.recv(1) == b""
        assert visit.get("/state").status_code == 200
