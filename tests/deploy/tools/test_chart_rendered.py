"""What Helm makes of the chart fits the program: who is given what, who reaches whom, what happens first."""

from pathlib import Path
from typing import Any

import pytest

from chassis.settings import ServiceSettings, SignInSettings, read
from deploy.keys import MORE
from gateway.settings import GatewaySettings
from tests.deploy.program import (
    PARTS,
    SERVICES,
    called_by,
    engines_of,
    is_module,
    lets_in,
    port_of,
    settings_of,
    signs,
)
from tests.deploy.tools.chart import (
    EVERYTHING,
    INGRESS,
    LEAST,
    NAMESPACE,
    SETS,
    TLS,
    Refused,
    Render,
    of_kind,
    pod,
    variables,
)


def test_each_part_has_its_deployment_service_budget_and_scaling(render: Render) -> None:
    names = {f"imi-{part}" for part in PARTS}
    manifests = render({})
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"):
        assert set(of_kind(manifests, kind)) == names
    for manifest in of_kind(manifests, "Deployment").values():
        assert "replicas" not in manifest["spec"]
        labels = manifest["spec"]["template"]["metadata"]["labels"]
        assert manifest["spec"]["selector"]["matchLabels"].items() <= labels.items()
        service = of_kind(manifests, "Service")[manifest["metadata"]["name"]]
        assert service["spec"]["selector"] == manifest["spec"]["selector"]["matchLabels"]
    for name, service in of_kind(manifests, "Service").items():
        part = name.removeprefix("imi-")
        assert (service["spec"].get("clusterIP") == "None") is (part != "gateway")
        assert [port["port"] for port in service["spec"]["ports"]] == [port_of(part)]


@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_each_part_is_given_settings_it_can_use(
    render: Render, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deployments = of_kind(render(values), "Deployment")
    prefix = values.get("nameOverride", "imi")
    for part in PARTS:
        manifest = deployments[f"{prefix}-{part}"]
        given = variables(manifest)
        secrets = {name: value for name, value in given.items() if isinstance(value, dict)}
        assert set(secrets) == engines_of(part)
        assert {value["secretKeyRef"]["name"] for value in secrets.values()} == {"imi-engines"}
        assert all(value["secretKeyRef"]["key"] == name for name, value in secrets.items())
        with monkeypatch.context() as environment:
            for name, value in given.items():
                environment.setenv(name, f"x:///{name}/{{service}}" if name in secrets else value)
            settings = read(settings_of(part))
        assert set(given) <= {name.upper() for name in type(settings).model_fields}
        for called in called_by(part):
            address = f"dns:///{prefix}-{called}.{NAMESPACE}.svc:{port_of(called)}"
            assert getattr(settings, f"{called}_address") == address
        if isinstance(settings, ServiceSettings):
            assert settings.listening(part) == f"0.0.0.0:{port_of(part)}"
        else:
            assert isinstance(settings, GatewaySettings)
            assert settings.gateway_host == "0.0.0.0"
        if lets_in(part):
            assert isinstance(settings, SignInSettings)
            assert settings.oidc_issuer == values.get("signIn", {}).get("issuer", "")
        assert ("OIDC_ISSUER" in given) is lets_in(part)
        (container,) = pod(manifest)["containers"]
        (module,) = container["args"]
        assert is_module(module)
        assert module.rpartition(".")[2] == part


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["default", "everything"])
def test_every_pod_is_locked_down(render: Render, values: dict[str, Any]) -> None:
    manifests = render(values)
    for manifest in [*of_kind(manifests, "Deployment").values(), *of_kind(manifests, "Job").values()]:
        spec = pod(manifest)
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_a_services_probes_ask_in_plain_text_where_it_answers_them(render: Render) -> None:
    for name, manifest in of_kind(render(TLS), "Deployment").items():
        (container,) = pod(manifest)["containers"]
        probes = [container[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")]
        if name == "imi-gateway":
            assert [probe["httpGet"]["path"] for probe in probes] == ["/health/live", "/health/live", "/health/ready"]
        else:
            asked = {f"0.0.0.0:{probe['grpc']['port']}" for probe in probes}
            assert asked == {variables(manifest)["HEALTH_ADDRESS"]}
            assert asked.isdisjoint({variables(manifest)["LISTEN_ADDRESS"]})


def test_prometheus_finds_every_part_where_it_answers(render: Render) -> None:
    prometheus = [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]
    manifests = render({"networkPolicy": {"metricsFrom": prometheus}})
    for name, manifest in of_kind(manifests, "Deployment").items():
        port = int(manifest["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"])
        (container,) = pod(manifest)["containers"]
        assert port in {one["containerPort"] for one in container["ports"]}
        if name != "imi-gateway":
            assert variables(manifest)["METRICS_ADDRESS"] == f"0.0.0.0:{port}"
            rule = {"ports": [{"protocol": "TCP", "port": port}], "from": prometheus}
            assert rule in of_kind(manifests, "NetworkPolicy")[name]["spec"]["ingress"]
    for name, manifest in of_kind(render({"metricsPort": 0}), "Deployment").items():
        assert "METRICS_ADDRESS" not in variables(manifest)
        assert bool(manifest["spec"]["template"]["metadata"].get("annotations")) is (name == "imi-gateway")


def test_each_part_has_its_own_private_key_and_everybodys_public_ones(render: Render) -> None:
    for part in PARTS:
        volumes = {
            volume["name"]: volume for volume in pod(of_kind(render({}), "Deployment")[f"imi-{part}"])["volumes"]
        }
        sources = volumes["keys"]["projected"]["sources"]
        secrets = [source["secret"] for source in sources if "secret" in source]
        assert [source["configMap"]["name"] for source in sources if "configMap" in source] == ["imi-public-keys"]
        assert [secret["name"] for secret in secrets] == ([f"imi-{part}-key"] if signs(part) else [])
        own = [part, *MORE.get(part, ())] if signs(part) else []
        assert [item["path"] for secret in secrets for item in secret["items"]] == [
            f"{name}.private.jwk" for name in own
        ]


def test_with_mutual_tls_each_shows_its_own_certificate_and_knows_its_callers(render: Render) -> None:
    deployments = of_kind(render(TLS), "Deployment")
    for part in PARTS:
        manifest = deployments[f"imi-{part}"]
        given = variables(manifest)
        assert given["TLS_CERTIFICATE"] == "/tls/tls.crt"
        (secret,) = [volume["secret"]["secretName"] for volume in pod(manifest)["volumes"] if volume["name"] == "tls"]
        assert secret == f"imi-{part}-tls"
        peers = set(given.get("TLS_PEERS", "").split())
        callers = {f"imi-{other}.{NAMESPACE}.svc" for other in PARTS if part in called_by(other)}
        assert peers == callers | ({"streams.hu.example"} if part == "alerts" else set())
    assert not any(name.startswith("TLS_") for name in variables(of_kind(render({}), "Deployment")["imi-alerts"]))


def test_engines_are_prepared_before_the_program_starts(render: Render) -> None:
    jobs = of_kind(render(EVERYTHING), "Job")
    assert set(jobs) == {f"market-prepare-{service}" for service in SERVICES}
    for service in SERVICES:
        job = jobs[f"market-prepare-{service}"]
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
        (container,) = pod(job)["containers"]
        assert container["args"] == [f"services.{service}", "prepare"]
        assert container["image"] == f"registry.example/imi@sha256:{'0' * 64}"
        sources = [one["valueFrom"]["secretKeyRef"]["name"] for one in container["env"] if "valueFrom" in one]
        assert set(sources) == {"engines-admin"}
        assert [volume["name"] for volume in pod(job)["volumes"]] == ["temporary", "engines"]
    assert not of_kind(render(LEAST), "Job")


def test_keda_replaces_the_autoscaler_of_those_who_read_the_log(render: Render) -> None:
    manifests = render(EVERYTHING)
    readers = {"directory", "requests", "alerts", "repositories"}
    scaled = of_kind(manifests, "ScaledObject")
    assert set(scaled) == {f"market-{part}" for part in readers}
    assert set(of_kind(manifests, "HorizontalPodAutoscaler")) == {f"market-{part}" for part in set(PARTS) - readers}
    trigger = scaled["market-requests"]["spec"]["triggers"][1]
    assert trigger["metadata"]["topic"] == "test.imi.requests.v1"
    assert trigger["metadata"]["consumerGroup"] == "test.requests-inbox"
    assert trigger["metadata"]["sasl"] == "scram_sha512"
    assert trigger["authenticationRef"] == {"name": "kafka"}
    with pytest.raises(Refused, match=r"keda\.bootstrapServers names the brokers"):
        render({"keda": {"enabled": True}})


def test_no_replicas_move_where_nothing_scales_them(render: Render) -> None:
    manifests = render({**LEAST, "parts": {"alerts": {"replicas": 5, "preStopSeconds": 0}}})
    assert not of_kind(manifests, "HorizontalPodAutoscaler")
    deployments = of_kind(manifests, "Deployment")
    assert {name: one["spec"]["replicas"] for name, one in deployments.items()} == {
        f"imi-{part}": 5 if part == "alerts" else 2 for part in PARTS
    }
    (container,) = pod(deployments["imi-alerts"])["containers"]
    assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": 0}}


def reachable(manifests: list[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    """The rules of who reaches *part*, all for its own port."""
    rules = of_kind(manifests, "NetworkPolicy")[f"imi-{part}"]["spec"]["ingress"]
    assert all([port["port"] for port in rule["ports"]] == [port_of(part)] for rule in rules)
    return list(rules)


def test_only_the_gateway_and_alerts_are_reached_from_outside(render: Render) -> None:
    manifests = render({})
    (deny,) = [one for name, one in of_kind(manifests, "NetworkPolicy").items() if name == "imi-deny"]
    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in deny["spec"]
    open_to_all = {part for part in PARTS if any("from" not in rule for rule in reachable(manifests, part))}
    assert open_to_all == {"gateway", "alerts"}
    for part in SERVICES:
        callers = {
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
            for rule in reachable(manifests, part)
            for peer in rule.get("from", ())
        }
        assert callers == {other for other in PARTS if part in called_by(other)}


def test_every_call_that_is_let_in_is_let_out(render: Render) -> None:
    policies = of_kind(render({}), "NetworkPolicy")
    for part in PARTS:
        called = {
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
            for rule in policies[f"imi-{part}"]["spec"]["egress"]
            for peer in rule.get("to", ())
            if "podSelector" in peer
        }
        assert called == called_by(part)
        ports = {port["port"] for rule in policies[f"imi-{part}"]["spec"]["egress"] for port in rule["ports"]}
        assert {53, 27017, 9092, 9200} <= ports
        assert 443 not in ports
    assert {f"imi-prepare-{service}" for service in SERVICES} <= set(policies)


def test_the_ingress_leaves_health_and_metrics_inside(render: Render) -> None:
    (ingress,) = of_kind(render(INGRESS), "Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    paths = {"/graphql", "/files", "/requests", "/alerts", "/receipts", "/directory", "/repositories", "/public"}
    assert {path["path"] for path in rule["http"]["paths"]} == paths
    annotations = ingress["metadata"]["annotations"]
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) >= 3600
    with pytest.raises(Refused, match=r"ingress\.host names the host"):
        render({"ingress": {"enabled": True}})


def test_who_lets_people_in_reaches_the_issuer(render: Render) -> None:
    policies = of_kind(render({"signIn": {"issuer": "https://login.example", "audience": "imi"}}), "NetworkPolicy")
    reaching = {
        part
        for part in PARTS
        for rule in policies[f"imi-{part}"]["spec"]["egress"]
        if {port["port"] for port in rule["ports"]} == {443}
    }
    assert reaching == {part for part in PARTS if lets_in(part)} == {"gateway", "alerts"}


def test_a_training_system_is_one_in_all_its_parts(render: Render) -> None:
    manifests = render({"training": True})
    deployments, jobs = of_kind(manifests, "Deployment"), of_kind(manifests, "Job")
    assert jobs
    for manifest in (*deployments.values(), *jobs.values()):
        assert variables(manifest)["TRAINING"] == "true"
    assert variables(deployments["imi-directory"])["TRAINING_DATA"] == "true"
    assert "TRAINING" not in variables(of_kind(render({}), "Deployment")["imi-directory"])


MAIL = {"mail": {"secret": "imi-mail", "from": "imi@imi.example", "publicUrl": "https://imi.example"}}


def test_who_sends_mail_is_told_of_the_mail_server_and_reaches_it(
    render: Render, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for values, told in (({}, set[str]()), (MAIL, {"directory", "requests", "alerts"})):
        manifests = render(values)
        deployments, policies = of_kind(manifests, "Deployment"), of_kind(manifests, "NetworkPolicy")
        assert {part for part in PARTS if "SMTP_URL" in variables(deployments[f"imi-{part}"])} == told
        reaching = {
            part
            for part in PARTS
            for rule in policies[f"imi-{part}"]["spec"]["egress"]
            if {port["port"] for port in rule["ports"]} == {465, 587}
        }
        assert reaching == told
    given = variables(of_kind(render(MAIL), "Deployment")["imi-requests"])
    assert given["SMTP_URL"] == {"secretKeyRef": {"name": "imi-mail", "key": "SMTP_URL"}}
    monkeypatch.setenv("SMTP_URL", "smtps://post.example")
    for name in ("MAIL_FROM", "PUBLIC_URL"):
        monkeypatch.setenv(name, given[name])
    assert read(ServiceSettings).public_url == "https://imi.example"
    with pytest.raises(Refused, match="mail"):
        render({"mail": {"secret": "imi-mail"}})


def test_link_checks_leave_repositories_alone_and_only_where_they_are_wanted_and_let_out(
    render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"ports": [{"protocol": "TCP", "port": 8080}], "to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
    let_out: dict[str, Any] = {"networkPolicy": {"linkChecks": [rule]}}
    wanted: dict[str, Any] = {"linkChecks": {"enabled": True, "ports": "443 8080", "proxySecret": "imi-proxy"}}
    nobody: set[str] = set()
    for values, told, reaching in (
        ({}, nobody, nobody),
        (let_out, nobody, nobody),
        (wanted, {"repositories"}, nobody),
        ({**wanted, **let_out}, {"repositories"}, {"repositories"}),
    ):
        manifests = render(values)
        deployments, policies = of_kind(manifests, "Deployment"), of_kind(manifests, "NetworkPolicy")
        assert {part for part in PARTS if "LINK_CHECKS" in variables(deployments[f"imi-{part}"])} == told
        assert {part for part in PARTS if rule in policies[f"imi-{part}"]["spec"]["egress"]} == reaching
    given = variables(of_kind(render(wanted), "Deployment")["imi-repositories"])
    assert given["WEBHOOK_PROXY"] == {"secretKeyRef": {"name": "imi-proxy", "key": "WEBHOOK_PROXY"}}
    for name in ("LINK_CHECKS", "LINK_PORTS"):
        monkeypatch.setenv(name, given[name])
    assert (read(ServiceSettings).link_checks, read(ServiceSettings).link_ports) == ("on", "443 8080")
    with pytest.raises(Refused, match="linkChecks"):
        render({"linkChecks": {"ports": "any"}})


def test_webhooks_leave_alerts_alone_and_only_where_that_is_let_out(
    render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"ports": [{"protocol": "TCP", "port": 8443}], "to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
    opened = {
        "webhooks": {"ports": "443 8443", "proxySecret": "imi-proxy"},
        "networkPolicy": {"webhooks": [rule]},
        # Where there is no mail server, they link all the same.
        "mail": {"publicUrl": "https://imi.example"},
    }
    for values, let_out in (({}, set[str]()), (opened, {"alerts"})):
        manifests = render(values)
        deployments, policies = of_kind(manifests, "Deployment"), of_kind(manifests, "NetworkPolicy")
        assert {part for part in PARTS if "WEBHOOK_PORTS" in variables(deployments[f"imi-{part}"])} == {"alerts"}
        assert {part for part in PARTS if rule in policies[f"imi-{part}"]["spec"]["egress"]} == let_out
    given = variables(of_kind(render(opened), "Deployment")["imi-alerts"])
    assert given["WEBHOOK_PROXY"] == {"secretKeyRef": {"name": "imi-proxy", "key": "WEBHOOK_PROXY"}}
    for name in ("WEBHOOK_PORTS", "PUBLIC_URL"):
        monkeypatch.setenv(name, given[name])
    told = read(ServiceSettings)
    assert (told.webhook_ports, told.public_url, told.smtp_url) == ("443 8443", "https://imi.example", "")
    with pytest.raises(Refused, match="webhooks"):
        render({"webhooks": {"ports": "any"}})


def test_translation_alone_is_told_of_its_engines_and_reaches_them_and_they_it(
    render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"ports": [{"protocol": "TCP", "port": 2737}], "to": [{"podSelector": {"matchLabels": {"app": "apertium"}}}]}
    controller = [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}]
    values = {
        **INGRESS,
        "translation": {"providersSecret": "imi-engines-mt", "callbackPort": 8090},
        "networkPolicy": {"translation": [rule], "callbacksFrom": controller},
    }
    for given, told in ((INGRESS, set[str]()), (values, {"translation"})):
        manifests = render(given)
        deployments, policies = of_kind(manifests, "Deployment"), of_kind(manifests, "NetworkPolicy")
        for name in ("MT_PROVIDERS", "MT_CALLBACK_ADDRESS"):
            assert {part for part in PARTS if name in variables(deployments[f"imi-{part}"])} == told
        assert {part for part in PARTS if rule in policies[f"imi-{part}"]["spec"]["egress"]} == told
        let_in = {"ports": [{"protocol": "TCP", "port": 8090}], "from": controller}
        assert {part for part in PARTS if let_in in policies[f"imi-{part}"]["spec"]["ingress"]} == told
        ports = of_kind(manifests, "Service")["imi-translation"]["spec"]["ports"]
        assert [port["port"] for port in ports] == [port_of("translation"), *([8090] if told else [])]
        (ingress,) = of_kind(manifests, "Ingress").values()
        paths = {path["path"]: path["backend"]["service"] for path in ingress["spec"]["rules"][0]["http"]["paths"]}
        assert paths.get("/translations") == (
            {"name": "imi-translation", "port": {"name": "callbacks"}} if told else None
        )
    spec = pod(of_kind(manifests, "Deployment")["imi-translation"])
    volume = {"name": "providers", "secret": {"secretName": "imi-engines-mt", "defaultMode": 0o440}}
    assert volume in spec["volumes"]
    assert {"name": "providers", "mountPath": "/providers", "readOnly": True} in spec["containers"][0]["volumeMounts"]
    own = variables(of_kind(manifests, "Deployment")["imi-translation"])
    for name in ("MT_PROVIDERS", "MT_CALLBACK_ADDRESS"):
        monkeypatch.setenv(name, own[name])
    settings = read(ServiceSettings)
    assert (str(settings.mt_providers), settings.mt_callback_address) == ("/providers/providers.toml", "0.0.0.0:8090")
    with pytest.raises(Refused, match="translation"):
        render({"translation": {"callbackPort": "many"}})


def test_those_that_keep_files_are_told_of_the_scanner_and_reach_it(
    render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = {"requests", "repositories"}
    scanner = {"scanner": {"url": "clamd://clamd.scanning:3310", "unscannedDownloads": "refused"}}
    for values, reached in (({}, set[str]()), (scanner, keeping)):
        manifests = render(values)
        deployments, policies = of_kind(manifests, "Deployment"), of_kind(manifests, "NetworkPolicy")
        assert {part for part in PARTS if "SCANNER_URL" in variables(deployments[f"imi-{part}"])} == keeping
        reaching = {
            part
            for part in PARTS
            for rule in policies[f"imi-{part}"]["spec"]["egress"]
            if {port["port"] for port in rule["ports"]} == {3310}
        }
        assert reaching == reached
    given = variables(of_kind(render(scanner), "Deployment")["imi-requests"])
    for name in ("SCANNER_URL", "UNSCANNED_DOWNLOADS"):
        monkeypatch.setenv(name, given[name])
    assert read(ServiceSettings).scanner_url == "clamd://clamd.scanning:3310"
    assert read(ServiceSettings).unscanned_downloads == "refused"
    with pytest.raises(Refused, match="scanner"):
        render({"scanner": {"url": "clamd://user:secret@host"}})
