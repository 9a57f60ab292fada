"""Kubernetes manifests as kustomize renders them, in every combination that makes sense."""

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from tests.support.peers import peer

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
Resource = dict[str, Any]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # several times as fast, where it is built

SHARED = "spool-shared"
PER_RECEIVER = "spool-per-receiver"
LAYOUTS = (SHARED, PER_RECEIVER)


@dataclass(frozen=True)
class Component:
    """`fits`: spool layouts; `role`: of those that have the same one, a site takes one at most."""

    fits: tuple[str, ...]
    role: str = ""


COMPONENTS = {
    "prometheus": Component(LAYOUTS),
    "tls": Component(LAYOUTS),
    "workload-identity-gke": Component(LAYOUTS, "identity"),
    "workload-identity-aks": Component(LAYOUTS, "identity"),
    "hpa": Component((SHARED,), "scaler"),
    "keda": Component((SHARED,), "scaler"),
    "redis-password": Component((SHARED,), "redis"),
    "external-redis": Component((SHARED,), "redis"),
}


@dataclass(frozen=True)
class Combination:
    """A layout or an overlay, with components that it has not got by itself."""

    base: str
    components: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "+".join((self.base.rpartition("/")[2], *self.components))

    @property
    def all_components(self) -> frozenset[str]:
        return frozenset(self.components) | own_components(self.base)

    def render(self) -> list[Resource]:
        """Shared with whoever renders the same: not to be changed."""
        return _rendered(self.base, self.components)


OVERLAYS = sorted(
    f"overlays/{path.parent.name}" for path in KUBERNETES.glob("overlays/*/kustomization.yaml")
)


def every_combination() -> Iterator[Combination]:
    for base in (*LAYOUTS, *OVERLAYS):
        own = own_components(base)
        left = [name for name in COMPONENTS if name not in own]
        for count in range(len(left) + 1):
            for chosen in combinations(left, count):
                if agree(layout_of(base), own.union(chosen)):
                    yield Combination(base, chosen)


def agree(layout: str, components: frozenset[str]) -> bool:
    """Whether each fits the layout, and none does another's part."""
    known = [COMPONENTS[name] for name in components]
    roles = [each.role for each in known if each.role]
    return len(roles) == len(set(roles)) and all(layout in each.fits for each in known)


@cache
def own_components(base: str) -> frozenset[str]:
    """What an overlay brings."""
    listed = _kustomization(base).get("components", [])
    return frozenset(Path(each).name for each in listed)


@cache
def layout_of(base: str) -> str:
    [layout] = {Path(each).name for each in (base, *_kustomization(base)["resources"])} & {*LAYOUTS}
    return layout


def _kustomization(base: str) -> Resource:
    content = (KUBERNETES / base / "kustomization.yaml").read_text("utf-8")
    found: Resource = yaml.load(content, LOADER)
    return found


@cache
def _rendered(base: str, components: tuple[str, ...]) -> list[Resource]:
    """As an overlay of a site would put them together. Raises AssertionError with kustomize's
    words.
    """
    if not components and base in OVERLAYS:
        return build(KUBERNETES / base)
    with tempfile.TemporaryDirectory(prefix=".rendered-", dir=KUBERNETES) as folder:
        content = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"../{base}"],
            "components": [f"../components/{name}" for name in components],
            "images": [
                {"name": f"dicomweb-proxy/{name}", "newTag": "1.2.3"}
                for name in ("receiver", "uploader", "worklist", "page")
            ],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(content), "utf-8")
        return build(Path(folder))


def build(folder: Path) -> list[Resource]:
    """Raises AssertionError with kustomize's words."""
    done = subprocess.run(
        [peer("kustomize"), "build", str(folder)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.load_all(done.stdout, LOADER))


def templates(resources: list[Resource]) -> Iterator[tuple[str, Resource]]:
    """Name and pod specification of everything that makes pods."""
    for each in resources:
        if each["kind"] in {"Deployment", "StatefulSet"}:
            yield each["metadata"]["name"], each["spec"]["template"]
