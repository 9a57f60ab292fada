"""docs/debian.md word by word, in a Debian container: installed, used, upgraded and removed."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.compose import ROOT, require_engine
from tests.support.documented import blocks

pytestmark = pytest.mark.stack
IMAGE = "python:3.13-slim-trixie"  # has the others' base, and is Debian
INSTALL, START, UPGRADE, UNINSTALL = range(4)  # the page's blocks
ENDLESS = ("journalctl",)
# What a Debian has that a container has not; its own Python comes first.
PREPARE = """
export DEBIAN_FRONTEND=noninteractive
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/yes
apt-get update -qq
apt-get install -qq --no-install-recommends systemd sudo procps >/dev/null
apt-get install -qq git >/dev/null
git config --global --add safe.directory '*'
install -m 755 /given/systemctl /usr/local/bin/systemctl
"""
CONFIGURE = r"""
redis-server --daemonize yes >/dev/null
sed -i 's|^#url = "redis:|url = "redis:|' /etc/dicomweb-proxy/proxy.toml
cat >>/etc/dicomweb-proxy/proxy.toml <<'END'
[[destinations]]
name = "archive"
upload_uri = "http://127.0.0.1:4010/studies"
worklist_uri = "http://127.0.0.1:4010/workitems"
END
cd /opt/dicomweb-proxy
setsid .venv/bin/python -m standalone.cli sandbox >/var/log/sandbox.log 2>&1 </dev/null &
until .venv/bin/python -c "import socket; socket.create_connection(('127.0.0.1', 4010))" 2>/dev/null
do sleep 0.2; done
"""
READY = r"""
asking='import sys, urllib.request as u; u.urlopen(sys.argv[1])'
cd /opt/dicomweb-proxy
for port in 8080 8081 8082; do
  for _ in $(seq 100); do
    .venv/bin/python -c "$asking" "http://127.0.0.1:$port/readyz" 2>/dev/null && continue 2
    sleep 0.2
  done
  cat /var/log/dicomweb-proxy-*.log; exit 1
done
"""


@dataclass
class Debian:
    container: str

    def run(self, script: str) -> str:
        done = subprocess.run(
            ["docker", "exec", "-i", self.container, "bash", "-euo", "pipefail", "-s"],
            input=f"export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n{script}",
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
        return done.stdout

    def follow(self, block: int) -> str:
        """The words of the page, in one shell."""
        found = [each for each in blocks() if each.page.name == "debian.md"]
        words = [each for each in found[block].commands() if not each.startswith(ENDLESS)]
        script = "\n".join(words).replace("REPOSITORY", "/given/repository")
        return self.run(f"cd /opt/dicomweb-proxy 2>/dev/null || true\nshopt -s nullglob\n{script}")


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[Debian]:
    require_engine()
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", str(ROOT), str(tmp_path / "repository")], check=True
    )
    (tmp_path / "systemctl").write_bytes((ROOT / "tests/stack/systemctl").read_bytes())
    name = f"dicomweb-proxy-test-debian-{uuid4().hex[:6]}"
    mount = ["--volume", f"{tmp_path}:/given:ro"]
    subprocess.run(
        ["docker", "run", "--detach", "--init", "--name", name, *mount, IMAGE, "sleep", "infinity"],
        check=True, capture_output=True,
    )  # fmt: skip
    try:
        system = Debian(name)
        # Debian's python3, and not the image's own.
        system.run("rm -f /usr/local/bin/python3* /usr/local/bin/pip*\n" + PREPARE)
        yield system
    finally:
        subprocess.run(
            ["docker", "rm", "--force", "--volumes", name], check=True, capture_output=True
        )


@pytest.mark.timeout(600)
def test_it_is_installed_used_upgraded_and_removed_as_the_page_says(debian: Debian) -> None:
    debian.follow(INSTALL)
    debian.run(CONFIGURE)
    debian.follow(START)
    debian.run(READY)
    told = debian.run("ps -eo user:20,args | grep -E 'python -m (receiver|uploader|worklist)'")
    assert {line.split()[0] for line in told.splitlines()} == {"dicomweb-proxy"}
    debian.run("cd /opt/dicomweb-proxy && .venv/bin/python -m standalone.cli echo --port 4008")
    debian.run("cd /opt/dicomweb-proxy && .venv/bin/python -m standalone.cli worklist --port 4009")

    debian.follow(UPGRADE)
    debian.run(READY)

    debian.follow(UNINSTALL)
    left = debian.run(
        "find / -xdev -name '*dicomweb-proxy*' -not -path '/proc/*' -not -path '/var/log/*' "
        "-not -path '/given/*'"
    )
    assert left.split() == ["/var/spool/dicomweb-proxy"]
    assert not debian.run("ps -eo args | grep -E '^/opt/dicomweb' || true")
