"""`examples/story.sh` and `dotlocal demo`, as a new user runs them."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from installed import Command
from told import STORY, Told, tell


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    return tell(tmp_path_factory.mktemp("story"), dotlocal)


def test_leaves_what_it_says(story: Told) -> None:
    """root.pem, the station, and for each device its settings, state and run directories."""
    for name in ("root/root.pem", "factory/ledger.sqlite", "press-07/device.toml", "press-07/state", "press-08/run"):
        assert (story.folder / name).exists(), name


def test_has_fewer_than_twenty_commands() -> None:
    """The loop's commands count once for each of its two devices."""
    before, loop = STORY.read_text().split("for number", 1)
    count = len(re.findall(r"^dotlocal ", before, re.M)) + 2 * len(re.findall(r"^ +dotlocal ", loop, re.M))
    assert count < 20


@pytest.mark.parametrize("number", ["07", "08"])
def test_device_serve_is_accepted_by_curl(story: Told, number: str) -> None:
    """By name, and by the address that was configured."""
    with story.served(number) as port:
        for host in (f"press-{number}.local", f"192.168.77.{int(number)}"):
            assert f"press-{number}" in _curl(story.root, host, port)


def test_openssl_server_is_accepted_by_curl(story: Told) -> None:
    """Any server can serve run/current: here `openssl s_server`, with names and addresses."""
    with _openssl_server(story.device("07") / "run" / "current") as port:
        for host in ("press-07.local", "192.168.77.7"):
            assert "s_server" in _curl(story.root, host, port)


def test_boots_twice_with_two_keys(story: Told) -> None:
    """A boot makes a new key and new serial numbers, and a running server follows."""
    with story.served("08") as port:
        first = _certificate(story.root, "press-08.local", port)
        story.boot("08")
        second = _certificate(story.root, "press-08.local", port)
    assert first["serialNumber"] != second["serialNumber"]
    status = json.loads((story.device("08") / "run" / "current" / "status.json").read_text())
    assert int(status["names_serial"], 16) == int(second["serialNumber"], 16)


def test_sibling_is_refused_by_its_own_name(story: Told) -> None:
    """press-08's server is asked for press-07.local: the name is not in its certificate."""
    with story.served("08") as port, pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _certificate(story.root, "press-07.local", port)


def test_ledger_tells_of_both_devices(story: Told) -> None:
    """intent, signature, release, for each of them, in this order."""
    done = story.command.ok("factory", "ledger", "--json", "--home", story.folder / "factory")
    told = [(entry["identity"], entry["what"]) for entry in json.loads(done.out)["entries"]]
    wanted = [(serial, what) for serial in ("SN0007", "SN0008") for what in ("intent", "signature", "release")]
    assert told == wanted or sorted(told) == sorted(wanted)


def test_demo_checks_itself(dotlocal: Command) -> None:
    """`dotlocal demo --once` tells the whole story and ends with 0; nothing in it went otherwise than told."""
    done = dotlocal.ok("demo", "--once")
    assert "✗" not in done.out
    assert done.out.count("refused") == 4
    assert done.out.count("accepted") == 6


def test_demo_stays_up_until_it_is_stopped(dotlocal: Command, tmp_path: Path) -> None:
    """Without --once it invites a browser, serves, and ends cleanly at Ctrl-C."""
    folder = tmp_path / "demo"
    demo = dotlocal.start("demo", "--dir", str(folder), PYTHONUNBUFFERED="1")
    told = ""
    assert demo.stdout
    while "Ctrl-C" not in told and (line := demo.stdout.readline().decode()):
        told += line
    port = re.search(r"https://press-08.local:(\d+)/", told)
    assert port, told
    assert _certificate(folder / "root" / "root.pem", "press-08.local", int(port[1]))
    demo.send_signal(2)
    assert demo.wait(timeout=15) == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(port[1])))
    demo.stdout.close()
    if demo.stderr:
        demo.stderr.close()


def _curl(root: Path, host: str, port: int) -> str:
    words = ["curl", "-sS", "--max-time", "20", "--cacert", root, "--connect-to", f"{host}:{port}:127.0.0.1:{port}"]
    done = subprocess.run([*words, f"https://{host}:{port}/"], capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr
    return done.stdout


def _certificate(root: Path, host: str, port: int) -> dict[str, str]:
    context = ssl.create_default_context(cafile=str(root))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return dict(secure.getpeercert() or {})  # type: ignore[arg-type]


@contextmanager
def _openssl_server(current: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    chain = f"{current}/fullchain.pem"
    words = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-key", f"{current}/privkey.pem"]
    words += ["-cert", chain, "-cert_chain", chain]  # it takes the chain's own certificate for the first of the file
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=10)
