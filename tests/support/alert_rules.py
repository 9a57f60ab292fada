"""The Kubernetes component's rules, made from those of deploy/monitoring (`make docs`)."""

from tests.support.settings_reference import ROOT

RULES = ROOT / "deploy" / "monitoring" / "rules.yml"
COPY = ROOT / "deploy" / "kubernetes" / "components" / "prometheus" / "rules.yaml"
HEAD = """\
# Made by `make docs` from deploy/monitoring/rules.yml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: dicomweb-proxy}
spec:
"""


def copy() -> str:
    lines = RULES.read_text("utf-8").splitlines()
    return HEAD + "".join(f"  {line}\n" for line in lines if not line.startswith("#"))


if __name__ == "__main__":
    COPY.write_text(copy(), "utf-8")
