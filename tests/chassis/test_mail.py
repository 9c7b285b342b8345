"""E-mails leave through a real SMTP server, as they should look, or it is known why not."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import mail as module
from chassis.mail import Mail, Mailer, Server, Undeliverable, check_address, message
from tests.chassis.post import PASSWORD, USER, PostOffice, a_post_office
from tests.chassis.test_security import Authority
from vocabulary.refusals import Unavailable

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
SENDER = "imi@imi.example"
GREEK = Mail(
    key="01JDF.aut_1",
    to="mitroo@example.gr",
    subject="ΙΜΙ: αίτημα RQ-2026-7K3QXD4M",
    text="Υπάρχουν νέα.\n.\nhttps://imi.example/requests/req_1\n",
    language="el",
)


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with a_post_office() as opened:
        yield opened


@pytest.fixture
def mailer(office: PostOffice) -> Mailer:
    return Mailer(Server.of(f"smtp://127.0.0.1:{office.port}"), SENDER)


async def test_a_message_arrives_as_it_was_written(office: PostOffice, mailer: Mailer) -> None:
    await mailer.send(GREEK, AT)
    [came] = office.came
    assert office.recipients == [["mitroo@example.gr"]]
    assert {name: came[name] for name in came.keys() if not name.startswith("X-")} == {  # noqa: SIM118
        "From": SENDER,
        "To": "mitroo@example.gr",
        "Subject": "ΙΜΙ: αίτημα RQ-2026-7K3QXD4M",
        "Date": "Tue, 24 Nov 2026 12:00:00 +0000",
        "Message-ID": "<01JDF.aut_1@imi.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "el",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": came["Content-Transfer-Encoding"],
    }
    assert came.get_content().replace("\r\n", "\n") == GREEK.text


async def test_the_same_message_has_the_same_id_and_another_another(office: PostOffice, mailer: Mailer) -> None:
    for one in (GREEK, GREEK, replace(GREEK, key="01JDF.aut_2")):
        await mailer.send(one, AT)
    ids = [came["Message-ID"] for came in office.came]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_over_tls_the_servers_certificate_is_verified_and_the_password_is_given(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Authority(tmp_path / "post").issued("post.test")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "post/post.test.pem", tmp_path / "post/post.test-key.pem")
    assert post is not None
    async with a_post_office(tls=context, starttls=scheme.endswith("starttls"), sign_in=True) as office:
        url = f"{scheme}://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:{office.port}"
        with pytest.raises(Unavailable) as stranger:
            await Mailer(Server.of(url), SENDER).send(GREEK, AT)
        assert stranger.value.reason == "SMTP_AWAY"
        assert (office.came, office.signed_in) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "post/authority.pem"))
        await Mailer(Server.of(url), SENDER).send(GREEK, AT)
        assert len(office.came) == 1
        assert office.signed_in == [(USER.encode(), PASSWORD.encode())]


async def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for(office: PostOffice) -> None:
    for scheme in ("smtps", "smtp+starttls"):
        with pytest.raises(Unavailable):
            await Mailer(Server.of(f"{scheme}://127.0.0.1:{office.port}"), SENDER).send(GREEK, AT)
    assert office.came == []


async def test_a_wrong_password_is_the_operators_to_mend() -> None:
    async with a_post_office(sign_in=True) as office:
        with pytest.raises(Unavailable) as refused:
            await Mailer(Server.of(f"smtp://imi:wrong@127.0.0.1:{office.port}"), SENDER).send(GREEK, AT)
    assert (set(office.signed_in), office.came) == ({(b"imi", b"wrong")}, [])
    assert "wrong" not in refused.value.message


async def test_a_server_that_is_away_may_take_it_when_it_is_back() -> None:
    async with a_post_office() as gone:
        port = gone.port
    mailer = Mailer(Server.of(f"smtp://127.0.0.1:{port}"), SENDER)
    with pytest.raises(Unavailable):
        await mailer.send(GREEK, AT)
    async with a_post_office(port) as back:
        await mailer.send(GREEK, AT)
        assert len(back.came) == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [("451 try again later", Unavailable), ("550 no such mailbox", Undeliverable), (None, Unavailable)],
)
async def test_what_the_server_does_not_take_is_for_later_or_for_good(
    office: PostOffice, mailer: Mailer, command: str, answer: str | None, kind: type[Exception]
) -> None:
    office.answers[command] = answer
    with pytest.raises(kind) as refused:
        await mailer.send(GREEK, AT)
    assert "mitroo" not in str(refused.value)
    assert office.came == []
    office.answers.clear()
    await mailer.send(GREEK, AT)
    assert len(office.came) == 1


@pytest.mark.parametrize("limit", ["TIMEOUT_S", "WHOLE_TIMEOUT_S"])
async def test_a_slow_server_is_not_waited_for_for_ever(
    office: PostOffice, mailer: Mailer, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(module, limit, 0.1)
    office.slow_s = 0.5
    with pytest.raises(Unavailable):
        await mailer.send(GREEK, AT)


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    monkeypatch.setattr(module, "TIMEOUT_S", 0.1)
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable):
            await Mailer(Server.of(f"smtp://127.0.0.1:{port}"), SENDER).send(GREEK, AT)


async def test_messages_leave_at_a_bounded_rate(
    office: PostOffice, mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PER_SECOND", 50.0)
    began = time.monotonic()
    await asyncio.gather(*(mailer.send(replace(GREEK, key=f"k{n}"), AT) for n in range(16)))
    assert time.monotonic() - began >= 15 / 50
    assert len(office.came) == 16


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_adds_a_header_or_a_recipient(to: str, subject: str, key: str, language: str) -> None:
    plain = message(GREEK, SENDER, AT)
    for changed in (
        replace(GREEK, to=to),
        replace(GREEK, subject=subject),
        replace(GREEK, key=key),
        replace(GREEK, language=language),
        replace(GREEK, to=f"a@example.eu{to}"),
        replace(GREEK, subject=f"news{subject}"),
    ):
        with suppress(Undeliverable):
            made = message(changed, SENDER, AT)
            assert made.keys() == plain.keys()
            assert len(made.as_bytes().split(b"\r\n\r\n")[0].splitlines()) >= len(made.keys())
            assert made["To"].addresses[0].addr_spec == changed.to
            assert len(made["To"].addresses) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "a@example.eu\r\nBcc: b@example.eu"},
        {"to": "a@example.eu, b@example.eu"},
        {"to": "Anna <a@example.eu>"},
        {"to": "a@example.eu\n"},
        {"to": "ä@example.eu"},
        {"to": "a" * 65 + "@example.eu"},
        {"to": ""},
        {"subject": "news\r\nBcc: b@example.eu"},
        {"subject": "news\u2028more"},
        {"subject": ""},
        {"subject": "x" * 201},
        {"key": "k>\r\nBcc: b@example.eu"},
        {"language": "el\nBcc: b@example.eu"},
    ],
)
async def test_what_is_unfit_for_a_header_is_sent_nowhere(
    office: PostOffice, mailer: Mailer, changed: dict[str, str]
) -> None:
    with pytest.raises(Undeliverable):
        await mailer.send(replace(GREEK, **changed), AT)
    assert office.came == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://post.example", Server(scheme="smtp", host="post.example", port=25)),
        ("smtps://post.example", Server(scheme="smtps", host="post.example", port=465)),
        ("smtp+starttls://post.example/", Server(scheme="smtp+starttls", host="post.example", port=587)),
        (
            "smtp://u%40x:p%2Fw%25@[::1]:2525",
            Server(scheme="smtp", host="::1", port=2525, user="u@x", password="p/w%"),
        ),
    ],
)
def test_a_url_names_a_server(url: str, server: Server) -> None:
    assert Server.of(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "post.example:25",
        "http://post.example",
        "smtp://",
        "smtp://post.example:port",
        "smtp://user:secret/word@post.example",
        "smtp://user:secret@post.example?x=1",
        "smtp://user@post.example",
        "smtp://user:secret@post.example/path",
        "smtp://user:secret@[post.example",
        "smtp://user:secret@post.example",
    ],
)
def test_a_url_that_names_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="write") as refused:
        Server.of(url)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_sender_is_one_address() -> None:
    assert check_address(SENDER) == SENDER
    for unfit in ("imi", "IMI <imi@imi.example>", "a@b\r\nX: y"):
        with pytest.raises(ValueError, match="one e-mail address"):
            check_address(unfit)
