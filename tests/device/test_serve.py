"""`device serve`: which certificate a client gets, what is negotiated, how it starts and ends."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from serve_peers import (
    HOST,
    PATIENCE,
    SOURCE,
    VERSIONS,
    Child,
    Client,
    Set,
    back_end,
    client_context,
    echo,
    first_set,
    pem,
    s_client,
    serving,
    swallow,
)

from dotlocal.core.errors import Refused
from dotlocal.device.serve.command import endpoint
from dotlocal.device.serve.listener import bind
from dotlocal.device.serve.service import Serving
from dotlocal.device.serve.tls import names_a_host
from installed import Command

# Which certificate


def test_a_client_that_names_a_host_gets_the_certificate_with_names_only(tmp_path: Path) -> None:
    """SNI press-07.local → names.pem."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service, Client(service.address) as client:
        assert client.serial == service.current.names.serial_number


def test_a_client_that_names_none_gets_the_certificate_with_addresses(tmp_path: Path) -> None:
    """No SNI → fullchain.pem, which verifies for the address."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address) as service,
        Client(service.address, name="127.0.0.1") as client,
    ):
        assert client.serial == service.current.full.serial_number


@pytest.mark.parametrize(("name", "by_name"), [("127.0.0.1", False), ("::1", False), (HOST, True), ("other.lan", True)])
def test_an_address_as_sni_counts_as_none(tmp_path: Path, name: str, by_name: bool) -> None:
    """Some clients send the literal although RFC 6066 3 forbids it → fullchain.pem."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        shown = s_client(service.address, "-servername", name, "-showcerts")
    expected = service.current.names if by_name else service.current.full
    assert pem(expected).decode() in shown


@pytest.mark.parametrize("name", [None, "", "10.0.0.7", "10.0.0.7.", "fe80::1", "fe80::1%eth0", "[::1]"])
def test_these_are_no_host_names(name: str | None) -> None:
    """Nothing, addresses with and without what people hang on to them."""
    assert not names_a_host(name)


@pytest.mark.parametrize("name", ["press-07", "press-07.local", "7.press.local", "press.local.", "x7"])
def test_these_are_host_names(name: str) -> None:
    """Digits are fine anywhere but in the last label."""
    assert names_a_host(name)


# What is negotiated


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_tls_is_refused_with_an_alert(tmp_path: Path, version: str) -> None:
    """A client of TLS 1.1 learns why."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        assert "alert protocol version" in s_client(service.address, version, "-cipher", "ALL:@SECLEVEL=0")


def test_tls_1_2_takes_todays_ciphers_only(tmp_path: Path) -> None:
    """CBC, static RSA and DHE: no cipher in common."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        old = "ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
        assert "handshake failure" in s_client(service.address, "-tls1_2", "-cipher", old)
        assert "Cipher is ECDHE-ECDSA-CHACHA20-POLY1305" in s_client(
            service.address, "-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_http_1_1_is_chosen_among_the_protocols_offered(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """ALPN h2 and http/1.1 → http/1.1, by either certificate."""
    context = client_context(version=version)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        for name in (HOST, "127.0.0.1"):
            with Client(service.address, name=name, context=context) as client:
                assert client.tls.selected_alpn_protocol() == "http/1.1"


def test_renegotiation_is_refused(tmp_path: Path) -> None:
    """A TLS 1.2 client that asks for another handshake doesn't get one."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        command = ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{service.address[1]}"]
        done = subprocess.run(command, input=b"R\n", capture_output=True, timeout=PATIENCE)
        assert b"no renegotiation" in done.stderr


# Start, end, user


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(tmp_path: Path, number: int) -> None:
    """Exit status 0, within a second, open connections broken off."""
    with back_end(swallow) as behind:
        child = Child(tmp_path, behind.address)
        assert child.address
        with Client(child.address) as client:
            started = time.monotonic()
            assert child.end(number)[0] == 0
            assert time.monotonic() - started < 1.0
            assert client.dropped()
        assert behind.result() is ConnectionResetError


OTHER_THREAD = """\
import signal, sys, threading, time
from dotlocal.device.serve.service import Serving, serve
def asked(bound):
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)
def ready(bound):
    threading.Thread(target=asked, args=(bound,), daemon=True).start()
serve(Serving(sys.argv[1], ("127.0.0.1", 0), ("127.0.0.1", 9)), say=lambda line: None, ready=ready)
"""


def test_a_signal_that_does_not_wake_the_loop_ends_it_too(tmp_path: Path) -> None:
    """One that another thread gets, as one that comes just before epoll_wait(2): no call is interrupted by it."""
    first_set(tmp_path)
    command = [sys.executable, "-c", OTHER_THREAD, str(tmp_path)]
    assert subprocess.run(command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, timeout=PATIENCE).returncode == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "serve-what"),
        ({"to": ("127.0.0.1", 80), "folder": Path()}, "serve-what"),
        ({"to": ("127.0.0.1", 80), "proxy_protocol": 3}, "proxy-protocol"),
        ({"folder": Path(), "proxy_protocol": 1}, "proxy-protocol"),
        ({"to": ("127.0.0.1", 70_000)}, "no-such-port"),
        ({"to": ("127.0.0.1", 0)}, "no-such-port"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, given: dict[str, object], code: str) -> None:
    """Before anything is opened."""
    with pytest.raises(Refused) as caught:
        Serving(tmp_path, ("127.0.0.1", 0), **given)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_an_address_in_use_is_refused(tmp_path: Path) -> None:
    """And one that isn't ours, and a back end or folder that isn't there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for given, code in (
            ({"to": ("127.0.0.1", 9), "listen": taken.getsockname()}, "address-in-use"),
            ({"to": ("127.0.0.1", 9), "listen": ("192.0.2.1", 0)}, "no-such-address"),
            ({"to": ("127.0.0.1", 9), "listen": ("no-such-host.invalid", 0)}, "cannot-listen"),
            ({"to": ("no-such-host.invalid", 9)}, "no-such-back-end"),
            ({"folder": tmp_path / "missing"}, "no-folder"),
        ):
            with pytest.raises(Refused) as caught, serving(tmp_path, **given):
                pass
            assert caught.value.code == code


def test_a_link_local_address_wants_its_interface() -> None:
    """The system says "invalid argument"; the hint says what it means."""
    with pytest.raises(Refused) as caught:
        bind(("fe80::1", 0))
    assert caught.value.code == "cannot-listen"
    assert "%eth0" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (":443", ("", 443)), ("10.0.0.7:443", ("10.0.0.7", 443)), ("[::1]:0", ("::1", 0)),
        ("[fe80::1%eth0]:443", ("fe80::1%eth0", 443)), ("press-07.local:443", ("press-07.local", 443)),
    ],
)  # fmt: skip
def test_where_to_listen(text: str, meant: tuple[str, int]) -> None:
    """HOST:PORT, an address of IPv6 in brackets, and nothing for every address."""
    assert endpoint("--listen", text) == meant


@pytest.mark.parametrize(
    "text", ["", "443", "x:", ":65536", ":-1", ":٣", "[::1:443", "::1]:443", "[]:443", "[[::1]]:443"]
)
def test_what_is_not_where(text: str) -> None:
    """Half a bracket is a slip, and `[]` nobody's wish for every address."""
    with pytest.raises(Refused) as caught:
        endpoint("--listen", text)
    assert caught.value.code == "endpoint"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--listen", ":0"], "nothing says what to serve"), (["--folder", "."], "nothing says where to listen"),
        ([], "nothing says where to listen and what to serve"),
    ],
)  # fmt: skip
@pytest.mark.skipif(Path("/etc/dotlocal/device.toml").exists(), reason="this machine is a device")
def test_what_is_missing_is_named(dotlocal: Command, words: list[str], said: str) -> None:
    """Whoever gave one half is asked for the other one."""
    done = dotlocal("device", "serve", *words)
    assert (done.status, done.code, done.hinted) == (2, "serve-where", True)
    assert f"{said} (" in done.err


def test_settings_that_are_named_are_there(dotlocal: Command, tmp_path: Path) -> None:
    """Also where nothing of them is needed: a slip in the path would be found the day something is."""
    words = ["--listen=127.0.0.1:0", f"--folder={tmp_path}", f"--run={tmp_path}", f"--config={tmp_path}/none.toml"]
    done = dotlocal("device", "serve", *words)
    assert (done.status, done.code, done.hinted) == (2, "file-missing", True)


@pytest.mark.parametrize(
    ("words", "hint"),
    [("--listen=x --folder=.", "127.0.0.1:8080"), ("--listen=:0 --folder=. --config=none", "codes.md")],
)
def test_a_refusal_where_the_library_is_closed(words: str, hint: str) -> None:
    """The user that it became can't import anything more: what was refused is told all the same."""
    script = (
        "import sys; from dotlocal.device.serve import command; sys.modules['dotlocal.core.codes'] = None;"
        f"command.run({words.split()})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "dotlocal: error: " in done.stderr
    assert hint in done.stderr.partition("dotlocal: hint: ")[2]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_is_given_up_before_the_key_is_read() -> None:
    """As nobody: user and groups are nobody's, for good; a key that only root may read is not served."""
    with tempfile.TemporaryDirectory() as temporary, back_end(echo) as behind:
        os.chmod(temporary, 0o755)
        run = Path(temporary)
        current = Set(run, "1")
        current.make_current()
        key = current.directory / "privkey.pem"
        key.chmod(0o600)
        status, said = Child(run, behind.address, user="nobody").end()
        assert status == 1
        assert said.startswith("set-unreadable: set `group`")
        os.chown(key, -1, pwd.getpwnam("nobody").pw_gid)
        key.chmod(0o640)
        child = Child(run, behind.address, user="nobody")
        assert child.address, child.end()
        uid, gid = str(pwd.getpwnam("nobody").pw_uid), str(key.stat().st_gid)
        assert child.status("Uid") == [uid] * 4
        assert child.status("Gid") == [gid] * 4
        assert child.status("Groups") in ([], [gid])
        assert child.status("CapEff") == ["0" * 16]
        with Client(child.address) as client:
            assert client.serial == current.names.serial_number
        assert child.end()[0] == 0


@pytest.mark.parametrize(("user", "code"), [("no-such-user", "no-such-user"), ("root", "user-is-root")])
def test_a_user_that_is_none_or_root_is_refused(tmp_path: Path, user: str, code: str) -> None:
    """In a process of its own, since the change would be for good."""
    status, said = Child(tmp_path, ("127.0.0.1", 9), user=user).end()
    assert status == 1
    assert said.startswith(code)
