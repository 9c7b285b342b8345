"""Settings: good without any, and everything that is wrong with them said at once."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.settings import Addresses, ProcessSettings, ServiceSettings, read
from tests.cells import cell

SERVICES = ("directory", "requests", "alerts", "translation", "repositories")
NAMES = [name.upper() for name in ServiceSettings.model_fields]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_without_any_variable_everything_is_in_one_folder_and_on_this_machine() -> None:
    settings = read(ServiceSettings)
    data = Path(".data").resolve()
    assert settings.keys == data / "keys"
    assert settings.events == f"sqlite:///{data}/events.db"
    assert settings.documents("alerts") == f"sqlite:///{data}/alerts/documents.db"
    assert settings.search("alerts") == f"tantivy:///{data}/alerts/index"
    assert settings.files("requests") == f"folder:///{data}/requests/files"
    assert settings.log_level == "info"
    addresses = [settings.listening(service) for service in SERVICES]
    assert addresses == [f"127.0.0.1:5005{n}" for n in range(1, 6)]


def test_a_variable_changes_what_it_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KEYS_DIR", "/etc/imi/keys")
    monkeypatch.setenv("DOCUMENTS_URL", "mongodb://db/{service}?w=majority")
    monkeypatch.setenv("EVENTS_URL", "kafka://broker:9092")
    monkeypatch.setenv("log_level", "debug")
    settings = read(ServiceSettings)
    assert settings.keys == Path("/etc/imi/keys")
    assert settings.events == "kafka://broker:9092"
    assert settings.documents("alerts") == "mongodb://db/alerts?w=majority"
    assert settings.files("alerts") == f"folder:///{tmp_path}/alerts/files"
    assert settings.log_level == "debug"


def test_a_process_listens_at_its_services_address_unless_it_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS_ADDRESS", "alerts.internal:443")
    assert read(ServiceSettings).listening("alerts") == "alerts.internal:443"
    monkeypatch.setenv("LISTEN_ADDRESS", "0.0.0.0:0")
    settings = read(ServiceSettings)
    assert settings.listening("alerts") == settings.listening("directory") == "0.0.0.0:0"
    assert settings.alerts_address == "alerts.internal:443"


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    without = read(ServiceSettings)
    monkeypatch.setenv(name, "")
    assert read(ServiceSettings) == without


@pytest.mark.parametrize("address", ["localhost:0", "127.0.0.1:65535", "[::1]:50051", "directory.imi.svc:443"])
def test_an_address_has_a_host_and_a_port(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DIRECTORY_ADDRESS", address)
    assert read(Addresses).directory_address == address


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("_ADDRESS")])
@pytest.mark.parametrize(
    "address",
    ["localhost", ":50051", "localhost:", "localhost:x", "localhost:65536", "localhost:-1", "a:²", "http://a"],
)
def test_what_is_no_address_is_refused_with_78(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, address: str
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(SystemExit) as ended:
        read(ServiceSettings)
    assert ended.value.code == 78
    assert f"{name}={address!r}: " in capsys.readouterr().err


def test_several_addresses_are_numbers_or_one_name_for_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other lists cannot be called: gRPC looks names up one by one only."""
    for address in ("10.0.0.1:50052,10.0.0.2:50052", "dns:///requests.imi:50052"):
        monkeypatch.setenv("REQUESTS_ADDRESS", address)
        assert read(Addresses).requests_address == address
    for address in (
        "requests-1:50052,requests-2:50052",
        "10.0.0.1:50052,",
        "[::1]:50052,[::1]:50053",
        "dns:///a:1,dns:///b:1",
    ):
        monkeypatch.setenv("REQUESTS_ADDRESS", address)
        with cell(address), pytest.raises(SystemExit) as ended:
            read(Addresses)
        assert ended.value.code == 78
        assert f"REQUESTS_ADDRESS={address!r}: " in capsys.readouterr().err


@pytest.mark.parametrize("level", ["verbose", "INFO", "10", "warn", " info"])
def test_a_log_level_is_one_of_four(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], level: str
) -> None:
    monkeypatch.setenv("LOG_LEVEL", level)
    with pytest.raises(SystemExit) as ended:
        read(ProcessSettings)
    assert ended.value.code == 78
    said = capsys.readouterr().err
    assert f"LOG_LEVEL={level!r}" in said
    assert all(known in said for known in ("debug", "info", "warning", "error"))


def test_everything_that_is_wrong_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {"LOG_LEVEL": "loud", "ALERTS_ADDRESS": "alerts", "LISTEN_ADDRESS": "8000", "REQUESTS_ADDRESS": ":1"}
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        read(ServiceSettings)
    said = capsys.readouterr().err
    assert [name for name in NAMES if f"{name}=" in said] == [name for name in NAMES if name in wrong]
    assert "docs/settings.md" in said


def test_settings_do_not_change_once_read() -> None:
    settings = read(ServiceSettings)
    with pytest.raises(ValidationError):
        settings.log_level = "debug"  # type: ignore[misc]
    assert settings.log_level == "info"


def test_every_variable_says_what_it_is_for() -> None:
    for kind in (ProcessSettings, Addresses, ServiceSettings):
        assert all(field.description and field.description.endswith(".") for field in kind.model_fields.values())


MAIL = {
    "SMTP_URL": "smtps://imi:se%40cret@post.example",
    "MAIL_FROM": "imi@imi.example",
    "PUBLIC_URL": "https://imi.example/",
}


def test_the_settings_of_mail_go_together(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in MAIL.items():
        monkeypatch.setenv(name, value)
    settings = read(ServiceSettings)
    assert (settings.smtp_url, settings.public_url) == (MAIL["SMTP_URL"], "https://imi.example")
    for missing in ("MAIL_FROM", "PUBLIC_URL"):
        with monkeypatch.context() as patch:
            patch.delenv(missing)
            with pytest.raises(SystemExit) as ended:
                read(ServiceSettings)
        assert ended.value.code == 78
        said = capsys.readouterr().err
        assert "SMTP_URL needs MAIL_FROM and PUBLIC_URL" in said
        assert "cret" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "post.example"),
        ("SMTP_URL", "http://imi:secret@post.example"),
        ("SMTP_URL", "smtp://imi:secret/@post.example"),
        ("SMTP_URL", "imi:secret@post.example:25"),
        ("MAIL_FROM", "IMI <imi@imi.example>"),
        ("PUBLIC_URL", "imi.example"),
        ("PUBLIC_URL", "https://imi.example/?x=1"),
        ("PUBLIC_URL", "javascript://imi.example"),
    ],
)
def test_what_mail_cannot_use_is_refused_without_showing_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        read(ServiceSettings)
    assert ended.value.code == 78
    said = capsys.readouterr().err
    assert f"  {name}=" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCANNER_URL", "icap://host"),
        ("SCANNER_URL", "clamd://user:hidden@host"),
        ("UNSCANNED_DOWNLOADS", "sometimes"),
    ],
)
def test_what_the_scanner_cannot_use_is_refused_with_78(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        read(ServiceSettings)
    said = capsys.readouterr().err
    assert (ended.value.code, name in said, "hidden" in said) == (78, True, False)


def test_the_settings_of_webhooks_are_ports_and_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "WEBHOOK_PORTS": "443 8443",
        "WEBHOOK_PROXY": "http://imi:se%40cret@proxy.example:3128",
        "WEBHOOK_LOOPBACK": "allowed",
    }.items():
        monkeypatch.setenv(name, value)
        assert getattr(read(ServiceSettings), name.lower()) == value


def test_what_webhooks_cannot_use_is_refused_without_showing_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unfit = {
        "WEBHOOK_PORTS": [" ", "0", "65536", "443,8443", "https", "-1", "²"],
        "WEBHOOK_PROXY": [
            "proxy.example:3128",
            "https://imi:hidden@proxy.example",
            "socks5://proxy.example",
            "http://imi:hidden/@proxy.example",
            "http://imi:hidden@proxy.example:0",
            "http://imi:hidden@proxy.example/x",
            "http://",
        ],
        "WEBHOOK_LOOPBACK": ["yes"],
    }
    for name, values in unfit.items():
        for value in values:
            monkeypatch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                read(ServiceSettings)
            said = capsys.readouterr().err
            assert (ended.value.code, name in said, "hidden" in said) == (78, True, False), value
            monkeypatch.delenv(name)


@pytest.mark.parametrize("name", ["DOCUMENTS_URL", "FILES_URL"])
def test_no_two_services_share_a_store(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """They call alike what is not the same; and of files, one would remove what the other still has."""
    url = {"DOCUMENTS_URL": "mongodb://imi:secret@host/imi", "FILES_URL": "folder:///var/imi"}[name]
    monkeypatch.setenv(name, url)
    with pytest.raises(SystemExit) as ended:
        read(ServiceSettings)
    said = capsys.readouterr().err
    assert (ended.value.code, f"write {{service}} in {name}" in said, "secret" in said) == (78, True, False)
    monkeypatch.setenv(name, f"{url}-{{service}}")
    read(ServiceSettings)
