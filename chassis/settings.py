"""Settings: environment variables, read once at the start into a frozen object, every fault reported at once.

`docs/settings.md` describes each variable; a test keeps it complete.
"""

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.setting_values import (
    Address,
    Addressees,
    MailAddress,
    MailServer,
    PartAddressees,
    Ports,
    Proxy,
    Scanner,
    WebAddress,
)
from vocabulary import parts

Settings = TypeVar("Settings", bound=BaseSettings)

TRAINING_DATA_DIR = Path(".training")
# A command that is sent again within this time has no second effect: whatever says that it was done is kept at least so long.
ANSWERED_FOR_DAYS = 7
# As good as for ever, and still a day that there was.
LONGEST_DAYS = 36_500
# Topics of countries are kept as long.
COUNTRIES_TOLD_DAYS = 30
# What the audience of a training system's sign-ins ends in, so that no token is good in both.
TRAINING_ENDING = "-training"


class CannotStart(Exception):
    """Something outside the program keeps it from starting; the message says what to do."""


FAULTY_SETTINGS_EXIT_CODE = 78  # EX_CONFIG of sysexits.h


def _is_true(given: Any) -> bool:
    try:
        return TypeAdapter(bool).validate_python(given)
    except ValidationError:
        return False


def _apart(events_url: str) -> str:
    """Where a training system keeps its events in what *events_url* names: topics of its own, or a file of its own."""
    parts = urlsplit(events_url)
    if parts.scheme == "sqlite":
        folder, _, name = events_url.rpartition("/")
        return f"{folder}/training-{name}"
    said = [(name, value) for name, value in parse_qsl(parts.query) if name != "prefix"]
    prefix = f"training.{dict(parse_qsl(parts.query)).get('prefix', '')}"
    return parts._replace(query=urlencode([*said, ("prefix", prefix)])).geturl()


class ProcessSettings(BaseSettings):
    """What every process reads."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    training: bool = Field(
        False,
        description="Whether it is a training system: the same program, with a store and keys of its own, invented data, and a mark "
        "on every answer.",
    )
    data_dir: Path = Field(
        Path(".data"), description="The folder for all data of the embedded engines; of a training system, `.training`."
    )
    keys_dir: Path | None = Field(
        None, description="The folder of signing keys, private and public. Default: `keys` in `DATA_DIR`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe log line to write."
    )
    events_url: str = Field("", description="The event log. Default: `sqlite:///` in `DATA_DIR`.")
    tls_certificate: Path | None = Field(
        None, description="This process's certificate (PEM), for mutual TLS between the parts. Default: plain text."
    )
    tls_key: Path | None = Field(None, description="The key of `TLS_CERTIFICATE` (PEM).")
    tls_authority: Path | None = Field(None, description="The authority that the parts' certificates come from (PEM).")
    tls_peers: str = Field(
        "", description="Names of which a caller's certificate must have one, separated by spaces. Default: any name."
    )

    @model_validator(mode="before")
    @classmethod
    def _training_has_its_own(cls, given: Any) -> Any:
        """A training system keeps its data elsewhere and begins with invented ones."""
        if isinstance(given, dict) and _is_true(given.get("training")):
            usual = {"data_dir": TRAINING_DATA_DIR, "training_data": True}
            return {**{name: value for name, value in usual.items() if name in cls.model_fields}, **given}
        return given

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        parts = (self.tls_certificate, self.tls_key, self.tls_authority)
        if any(parts) and not all(parts):
            raise ValueError("TLS_CERTIFICATE, TLS_KEY and TLS_AUTHORITY go together")
        return self

    @property
    def keys(self) -> Path:
        return self.keys_dir or self.data_dir.resolve() / "keys"

    @property
    def events(self) -> str:
        url = self.events_url or f"sqlite:///{self.data_dir.resolve()}/events.db"
        return _apart(url) if self.training and self.events_url else url


class Addresses(BaseSettings):
    """Where the services are found; ``none`` says that there is no such service in this system. The directory is always there."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    directory_address: Addressees = Field("127.0.0.1:50051", description="Where the directory service answers.")
    requests_address: PartAddressees = Field("127.0.0.1:50052", description="Where the requests service answers.")
    alerts_address: PartAddressees = Field("127.0.0.1:50053", description="Where the alerts service answers.")
    translation_address: PartAddressees = Field("127.0.0.1:50054", description="Where the translation service answers.")
    repositories_address: PartAddressees = Field(
        "127.0.0.1:50055", description="Where the repositories service answers."
    )

    @property
    def running(self) -> frozenset[str]:
        """The services that there are in this system."""
        return frozenset(name for name in parts.SERVICES if getattr(self, f"{name}_address") != parts.NOT_THERE)


class SignInSettings(BaseSettings):
    """Who may issue sign-ins."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    oidc_issuer: str = Field(
        "", description="The OpenID Connect issuer of sign-ins. Without one, development sign-ins are accepted."
    )
    oidc_audience: str = Field("", description="The audience that tokens of `OIDC_ISSUER` must name.")
    tokens_remembered_s: float = Field(
        60.0,
        ge=0,
        le=600,
        description="Seconds for which a bearer token that has been verified is not verified again, unless it or its key ends before.",
    )
    streams_per_person: int = Field(
        100, ge=1, description="Live streams that one person, or one system, has open at one process at the same time."
    )

    @model_validator(mode="after")
    def _issuer_has_audience(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_audience):
            raise ValueError("OIDC_ISSUER and OIDC_AUDIENCE go together")
        if self.oidc_issuer and not self.oidc_issuer.startswith(("https://", "http://")):
            raise ValueError("OIDC_ISSUER is the issuer's address, such as https://login.example/realms/imi")
        if self.oidc_issuer and self.oidc_audience.endswith(TRAINING_ENDING) != getattr(self, "training", False):
            raise ValueError(f"the OIDC_AUDIENCE of a training system, and of no other, ends in {TRAINING_ENDING}")
        return self


class ServiceSettings(ProcessSettings, Addresses, SignInSettings):
    """What every service reads. `{service}` in an engine's URL stands for the service's name."""

    listen_address: Address | None = Field(
        None, description="Where this process listens. Default: its service's own address. Port 0 takes a free one."
    )
    health_address: Address | None = Field(
        None, description="Where this process answers questions about its health besides, in plain text, for probes."
    )
    metrics_address: Address | None = Field(
        None, description="Where this process answers `/metrics` for Prometheus, in plain text. Default: nowhere."
    )
    documents_url: str = Field("", description="The document store. Default: `sqlite:///` in `DATA_DIR`.")
    search_url: str = Field("", description="The search engine. Default: `tantivy:///` in `DATA_DIR`.")
    files_url: str = Field("", description="The file store. Default: `folder:///` in `DATA_DIR`.")
    scanner_url: Scanner = Field(
        "", description="The scanner for malware in uploaded files: `clamd://host:port`. Default: nothing is scanned."
    )
    unscanned_downloads: Literal["allowed", "refused"] = Field(
        "allowed", description="Whether a file that has not been scanned can be downloaded."
    )
    smtp_url: MailServer = Field(
        "",
        description="The mail server for notifications: `smtp://`, `smtps://` or `smtp+starttls://`, `user:password@`, host and "
        "port. Default: no e-mail is sent.",
    )
    mail_from: MailAddress = Field("", description="The address that notifications come from. Goes with `SMTP_URL`.")
    public_url: WebAddress = Field(
        "",
        description="Where people open the system; e-mails and what webhooks send link to `requests/`, `alerts/` or `webhooks/` "
        "and an id in it. Goes with `SMTP_URL`.",
    )
    training_data: bool = Field(
        False,
        description="Whether it is a training system: if there is no authority yet, training data are loaded; alerts are exercises.",
    )
    webhook_ports: Ports = Field("443", description="The ports that webhooks may go to, separated by spaces.")
    webhook_proxy: Proxy = Field(
        "",
        description="The HTTP proxy that webhooks and link checks go through: `http://`, `user:password@`, host and port. Default: "
        "they go directly.",
    )
    webhook_loopback: Literal["refused", "allowed"] = Field(
        "refused",
        description="Whether webhooks and link checks may go to this machine, then also in plain text. For development only.",
    )
    link_checks: Literal["off", "on"] = Field(
        "off", description="Whether the addresses in published entries are looked at on the public web, now and then."
    )
    link_ports: Ports = Field("80 443", description="The ports that link checks may go to, separated by spaces.")

    audit_window_s: float = Field(
        60.0,
        ge=1,
        le=14_400,
        description="Seconds for which reads are answered though they cannot be written into the audit; then they are refused.",
    )
    audit_retention_days: int = Field(
        1_096,
        ge=1,
        le=LONGEST_DAYS,
        description="Days after which rows of the audit of reads are erased: they are personal data of officials.",
    )
    done_retention_days: int = Field(
        30,
        ge=ANSWERED_FOR_DAYS,
        le=LONGEST_DAYS,
        description="Days after which what is done with is removed: timers that have fired, notifications that were sent, translation "
        "reports that were dealt with, answers to imports, who was invited to register and who has applied.",
    )
    inbox_retention_days: int = Field(
        1_096,
        ge=COUNTRIES_TOLD_DAYS,
        le=LONGEST_DAYS,
        description="Days after which entries of inboxes are removed, in runs of 64; a cursor before them has expired.",
    )
    report_retention_days: int = Field(
        180,
        ge=ANSWERED_FOR_DAYS,
        le=LONGEST_DAYS,
        description="Days after which a report of a bad translation is removed though nobody has dealt with it.",
    )
    mt_providers: Path | None = Field(
        None, description="The file that lists the engines for machine translation (TOML). Default: there is none."
    )
    mt_wait_s: float = Field(
        1.0,
        ge=0,
        le=10,
        description="The seconds that a reader waits for a machine translation before it is said to be pending.",
    )
    mt_callback_address: Address | None = Field(
        None, description="Where engines call back that translate later (HTTP, `host:port`). Default: nowhere."
    )

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        if self.smtp_url and not (self.mail_from and self.public_url):
            raise ValueError("SMTP_URL needs MAIL_FROM and PUBLIC_URL")
        return self

    @model_validator(mode="after")
    def _training_is_apart(self) -> Self:
        if not self.training:
            return self
        if self.smtp_url:
            raise ValueError("a training system writes to nobody: SMTP_URL and TRAINING do not go together")
        if not self.training_data:
            raise ValueError("a training system has invented data: TRAINING_DATA and TRAINING go together")
        for name in ("documents_url", "search_url", "files_url"):
            if getattr(self, name) and "{service}" not in getattr(self, name):
                raise ValueError(
                    f"write {{service}} in {name.upper()}: a training system adds its own name there, so that its store is its own"
                )
        return self

    @model_validator(mode="after")
    def _services_are_apart(self) -> Self:
        # What is called alike in two of them would be one: timers, inboxes, the contents of files that one of them removes.
        for name in ("documents_url", "files_url"):
            if getattr(self, name) and "{service}" not in getattr(self, name):
                raise ValueError(
                    f"write {{service}} in {name.upper()}: it stands for the service's name, each has a store of its own"
                )
        return self

    @property
    def done_retention(self) -> timedelta:
        return timedelta(days=self.done_retention_days)

    @property
    def inbox_retention(self) -> timedelta:
        return timedelta(days=self.inbox_retention_days)

    def documents(self, service: str) -> str:
        return self._engine(self.documents_url, "sqlite:///{data}/{service}/documents.db", service)

    def search(self, service: str) -> str:
        return self._engine(self.search_url, "tantivy:///{data}/{service}/index", service)

    def files(self, service: str) -> str:
        return self._engine(self.files_url, "folder:///{data}/{service}/files", service)

    def _engine(self, url: str, default: str, service: str) -> str:
        if not url:
            return default.replace("{data}", str(self.data_dir.resolve())).replace("{service}", service)
        return url.replace("{service}", f"training-{service}" if self.training else service)

    def listening(self, service: str) -> str:
        address = self.listen_address or str(getattr(self, f"{service}_address"))
        if "," in address or address.startswith("dns:"):
            raise CannotStart(f"{address} is where replicas are found; set LISTEN_ADDRESS to where this one listens.")
        return address


def read(kind: type[Settings]) -> Settings:
    """The settings of *kind* from the environment; says everything that is wrong with them and exits with 78."""
    try:
        return kind()
    except ValidationError as error:
        print("These settings are not right (docs/settings.md describes them):", file=sys.stderr)
        for fault in error.errors():
            name = "_".join(str(part) for part in fault["loc"]).upper()
            # Without a name, it is not one value that is at fault but how several go together.
            said = f"{name}={_without_password(fault['input'])}: " if name else ""
            print(f"  {said}{fault['msg']}", file=sys.stderr)
        raise SystemExit(FAULTY_SETTINGS_EXIT_CODE) from None


def _without_password(given: Any) -> str:
    """What was given, as it may be shown: an operator's mistake in a URL must not put its password into the logs."""
    return re.sub(r"(:/*).*@", r"\1…@", repr(given))
