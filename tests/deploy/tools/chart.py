"""Sets of values for the chart, and how to read what Helm makes of them."""

from collections.abc import Callable, Iterable
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]

from tests.deploy.program import DEPLOY

CHART = DEPLOY / "helm/imi"
# The oldest Kubernetes that the chart is for, and the newest whose schemas are at hand.
KUBERNETES = ("1.30.0", kubernetes_validate.latest_version())
NAMESPACE = "market"

KEDA: dict[str, Any] = {"keda": {"enabled": True, "bootstrapServers": "kafka-0:9092,kafka-1:9092"}}
TLS: dict[str, Any] = {"tls": {"enabled": True}, "parts": {"alerts": {"tlsPeers": ["streams.hu.example"]}}}
INGRESS: dict[str, Any] = {"ingress": {"enabled": True, "host": "imi.example", "tlsSecret": "imi-example-tls"}}
EVERYTHING: dict[str, Any] = {
    **TLS,
    **INGRESS,
    "nameOverride": "market",
    "image": {"repository": "registry.example/imi", "digest": f"sha256:{'0' * 64}", "pullSecrets": ["registry"]},
    "prepare": {"secret": "engines-admin"},
    "signIn": {"issuer": "https://login.example", "audience": "imi"},
    "allowedOrigins": ["https://one.example", "https://two.example"],
    "keda": {
        **KEDA["keda"],
        "prefix": "test.",
        "authentication": "kafka",
        "metadata": {"tls": "enable", "sasl": "scram_sha512"},
    },
    "common": {
        "env": {"DATA_DIR": "/tmp/imi"},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "imi", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "priorityClassName": "important",
        "volumes": [{"name": "engines", "configMap": {"name": "engines-authority"}}],
        "volumeMounts": [{"name": "engines", "mountPath": "/engines", "readOnly": True}],
    },
    "networkPolicy": {
        "gatewayFrom": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "alertsFrom": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
        "engines": [{"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "ports": [{"protocol": "TCP", "port": 9092}]}],
    },
}
LEAST: dict[str, Any] = {
    "common": {"autoscaling": {"enabled": False}},
    "prepare": {"enabled": False},
    "networkPolicy": {"enabled": False},
}
SETS = {
    "default": {},
    "keda": KEDA,
    "tls": TLS,
    "ingress": INGRESS,
    "everything": EVERYTHING,
    "least": LEAST,
    "closed": {"networkPolicy": {"engines": [], "issuer": [], "dns": []}, "signIn": EVERYTHING["signIn"]},
}
Render = Callable[..., list[dict[str, Any]]]


class Refused(Exception):
    """Helm would not."""


def of_kind(manifests: Iterable[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """The manifests of a kind by their name."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}


def pod(manifest: dict[str, Any]) -> dict[str, Any]:
    return dict(manifest["spec"]["template"]["spec"])


def variables(manifest: dict[str, Any]) -> dict[str, Any]:
    """The variables of a manifest's one container; those from a Secret are given as a dict."""
    (container,) = pod(manifest)["containers"]
    given = {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}
    assert len(given) == len(container["env"])
    return given
