"""What the containers may do, and what they say."""

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.support.compose import ROOT, UP_TIMEOUT, Composed, service_of

pytestmark = pytest.mark.stack
PROXY = ("receiver", "uploader", "worklist")
IMAGES = (*PROXY, "page", "sandbox")
ARCHIVE = "https://archive.example/dicom-web/studies"
TELL_DESTINATION = (
    "from shared.config import load; s = load(); print(s.sandbox, s.destinations[0].upload_uri)"
)


@pytest.fixture
def containers(stack: Composed) -> dict[str, dict[str, Any]]:
    return {service_of(each): each for each in stack.containers()}


def test_all_are_healthy(stack: Composed) -> None:
    states = [each["State"]["Health"]["Status"] for each in stack.containers()]

    assert states == ["healthy"] * 8, "receiver, three uploaders, worklist, page, redis, sandbox"


@pytest.mark.parametrize("service", IMAGES)
def test_ours_run_without_privileges(containers: dict[str, dict[str, Any]], service: str) -> None:
    container = containers[service]
    host = container["HostConfig"]

    assert container["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert not host["Privileged"]
    assert 0 < host["Memory"] <= 2**30


@pytest.mark.parametrize("service", IMAGES)
def test_ours_cannot_write_to_their_own_program(stack: Composed, service: str) -> None:
    tried = stack.run("exec", "-T", service, "python", "-c", "open('/app/x', 'w')", check=False)

    assert "Read-only file system" in tried.stderr


def test_redis_is_reachable_from_inside_alone(containers: dict[str, dict[str, Any]]) -> None:
    redis = containers["redis"]
    [network] = redis["NetworkSettings"]["Networks"]

    inspected = subprocess.run(
        ["docker", "network", "inspect", network], check=True, capture_output=True, text=True
    )

    assert json.loads(inspected.stdout)[0]["Internal"]
    assert not redis["HostConfig"]["PortBindings"]


def test_the_worklist_and_the_sandbox_cannot_reach_redis(stack: Composed) -> None:
    for service in ("worklist", "sandbox"):
        code = "import socket; socket.create_connection(('redis', 6379), 3)"
        assert stack.run("exec", "-T", service, "python", "-c", code, check=False).returncode


@pytest.mark.parametrize("service", PROXY)
def test_everyone_says_that_the_destination_is_a_sandbox(stack: Composed, service: str) -> None:
    assert "SANDBOX" in stack.logs(service)
    code = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/readyz').read().decode())"
    assert "SANDBOX" in stack.run("exec", "-T", service, "python", "-c", code).stdout


def test_the_page_is_there_for_this_host_and_counts(stack: Composed) -> None:
    with urlopen(f"http://127.0.0.1:{stack.page_port}/", timeout=10) as response:
        text = response.read().decode()

    assert "Counts only" in text
    assert "Redis" not in text  # which it reaches, as the spool
    assert "cannot be read" not in text


def test_the_sandbox_says_so_on_its_front_page(stack: Composed) -> None:
    with urlopen(f"http://127.0.0.1:{stack.sandbox_port}/", timeout=10) as response:
        assert b"SANDBOX" in response.read()


def test_a_configured_archive_leaves_no_sandbox(stack: Composed) -> None:
    for variable, uri in (("UPLOAD__URI", ARCHIVE), ("WORKLIST__URI", ARCHIVE)):
        given = Composed(stack.project, environment={f"DICOMWEB_PROXY_{variable}": uri})
        told = given.run(
            "run", "--rm", "-T", "--no-deps", "receiver", "python", "-c", TELL_DESTINATION
        ).stdout

        assert told.startswith("None ")
        assert "sandbox" not in told


def test_a_configuration_file_leaves_no_sandbox(stack: Composed, tmp_path: Path) -> None:
    file = tmp_path / "proxy.toml"
    file.write_text(f'[[destinations]]\nname = "archive"\nupload_uri = "{ARCHIVE}"\n', "utf-8")
    file.chmod(0o444)  # the containers' user is not ours
    given = Composed(stack.project, environment={"DICOMWEB_PROXY_CONFIG": str(file)})

    told = given.run(
        "run", "--rm", "-T", "--no-deps", "worklist", "python", "-c", TELL_DESTINATION
    ).stdout

    assert told.split() == ["None", ARCHIVE]


def test_the_admin_container_knows_its_version_and_finds_the_services(stack: Composed) -> None:
    def admin(*words: str) -> str:
        return stack.run("run", "--rm", "-T", "admin", *words).stdout

    stack.run("build", "admin", timeout=UP_TIMEOUT)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert admin("--version") == f"dicomweb-proxy {project['version']}\n"
    assert "at receiver:4008 answered in" in admin("echo")
    assert "0 found" not in admin("worklist", "--date", "all")


def test_the_front_page_of_the_sandbox_asks_where_the_worklist_is(stack: Composed) -> None:
    with urlopen(f"http://127.0.0.1:{stack.sandbox_port}/", timeout=10) as response:
        text = response.read().decode()

    assert f"localhost {stack.receive_port} image.dcm" in text
    assert "Modality=CT" in text
    assert f"localhost {stack.worklist_port}\n" in text


def test_a_misspelt_setting_ends_with_exit_code_2_and_one_line(stack: Composed) -> None:
    ran = stack.run(
        "run", "--rm", "-T", "--no-deps", "-e", "DICOMWEB_PROXY_UPLAOD__URI=x", "receiver",
        check=False,
    )  # fmt: skip

    assert ran.returncode == 2
    assert "DICOMWEB_PROXY_UPLAOD__URI: there is no such setting" in ran.stderr + ran.stdout
    assert "Traceback" not in ran.stderr
