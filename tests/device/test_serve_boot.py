"""`device serve --boot` as it is installed: one command boots and serves; the state is read by a process that ends."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from installed import Command
from told import Told, tell

PATIENCE = 20.0
NAME = "press-07.local"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    """A root, a station, and press-07, which was adopted."""
    return tell(tmp_path_factory.mktemp("served") / "story", dotlocal)


@pytest.fixture
def device(story: Told) -> Path:
    """The device as after a power cut: nothing is left of run/."""
    shutil.rmtree(story.device("07") / "run", ignore_errors=True)
    return story.device("07")


def words(device: Path, *more: str) -> list[str]:
    places = [f"--{name}={device / name}" for name in ("state", "run")]
    return [
        "serve",
        "--boot",
        "--listen=127.0.0.1:0",
        "--to=127.0.0.1:9",
        *places,
        f"--config={device}/device.toml",
        *more,
    ]


def launcher(command: Command) -> list[str]:
    """The installed command."""
    return [str(command.path), "device"]


def module(command: Command) -> list[str]:
    """By way of the full command line."""
    return [str(command.python), "-m", "dotlocal", "device"]


def bare(command: Command) -> list[str]:
    """As units and init scripts start it."""
    asked = "from dotlocal.device.install import bare; print(bare())"
    return subprocess.check_output([command.python, "-c", asked], env=command.env(), text=True).split()


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def port_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Where it serves, and what it said before."""
    said = ""
    assert process.stderr
    while line := process.stderr.readline():
        said += line
        if found := re.search(r"serving https on \S+ port (\d+)", line):
            return int(found[1]), said
    raise AssertionError(said)


def serial(port: int, root: Path) -> int:
    """Of the certificate that is served and verified."""
    context = ssl.create_default_context(cafile=str(root))
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as connection,
        context.wrap_socket(connection, server_hostname=NAME) as secured,
    ):
        presented = secured.getpeercert()
        assert presented
        return int(str(presented["serialNumber"]), 16)


def free_port() -> int:
    """One of loopback that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def held_by(pid: int) -> list[str]:
    """What its descriptors lead to."""
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(os.readlink(each))
    return found


def waits_for_another(pid: int) -> bool:
    """Whether it sleeps for a while, and so has imported all: Python can make an ImportError of a signal."""
    for _ in range(10):
        if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "S":
            return False
        time.sleep(0.02)
    return True


@contextmanager
def held_up(device: Path) -> Iterator[None]:
    """Somebody else boots, so that a boot waits."""
    (device / "run").mkdir(exist_ok=True)
    with (device / "run/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize("how", [bare, launcher, module])
def test_it_boots_and_serves(device: Path, story: Told, dotlocal: Command, how: Callable[[Command], list[str]]) -> None:
    """From nothing to a verified handshake; the boot has ended, and a signal ends the rest with 0."""
    with started([*how(dotlocal), *words(device)], dotlocal.env()) as process:
        port, said = port_of(process)
        assert "issued for" in said
        assert serial(port, story.root)
        assert children(process.pid) == []
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_who_comes_too_early_waits(device: Path, story: Told, dotlocal: Command) -> None:
    """A browser that is there before the certificate isn't turned away: it gets its answer a moment later."""
    port = free_port()
    command = [*bare(dotlocal), *(f"--listen=127.0.0.1:{port}" if "listen" in word else word for word in words(device))]
    with started(command, dotlocal.env()) as process, ThreadPoolExecutor() as visitors:
        with held_up(device):
            until(lambda: accepts(port))
            visitor = visitors.submit(serial, port, story.root)
            until(lambda: waits_for_another(process.pid))
            assert not visitor.done()
        assert visitor.result(PATIENCE)


def test_a_log_that_nobody_reads_stops_nothing(device: Path, story: Told, dotlocal: Command) -> None:
    """The reader of stderr has gone, as when a log daemon restarts: clients are served, and a signal ends it well."""
    with started([*launcher(dotlocal), *words(device)], dotlocal.env()) as process:
        port, _ = port_of(process)
        assert process.stderr
        process.stderr.close()
        context = ssl.create_default_context(cafile=str(story.root))
        connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
        with context.wrap_socket(connection, server_hostname=NAME) as secured:
            secured.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert secured.recv(99).startswith(b"HTTP/1.1 502")  # and it has a line to say about that
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_what_is_served_is_of_this_boot(device: Path, story: Told, dotlocal: Command) -> None:
    """An earlier set is there, and the boot is slow: nothing is served before it has ended, and then the new one."""
    dotlocal.ok(*story.boot_words("07"))
    before = os.readlink(device / "run/current")
    with held_up(device):
        process = subprocess.Popen(
            [*bare(dotlocal), *words(device)], env=dotlocal.env(), stderr=subprocess.PIPE, text=True
        )
        until(lambda: any(each.startswith("socket:") for each in held_by(process.pid)))
        assert os.readlink(device / "run/current") == before
    with process:
        port, said = port_of(process)
        assert "warning: the boot" not in said
        assert os.readlink(device / "run/current") != before
        assert serial(port, story.root)
        process.terminate()


def test_the_service_may_be_the_slow_one(device: Path, story: Told, dotlocal: Command) -> None:
    """The boot ends while the service is still reading its settings by a child of its own."""
    config = device / "with-serve.toml"
    table = '\n[serve]\nlisten = "127.0.0.1:0"\nto = "127.0.0.1:9"\n'
    config.write_text((device / "device.toml").read_text() + table)
    places = [f"--{name}={device / name}" for name in ("state", "run")]
    command = [*bare(dotlocal), "serve", "--boot", *places, f"--config={config}"]
    with started(command, dotlocal.env()) as process:
        assert serial(port_of(process)[0], story.root)


def test_no_state_is_told_with_the_exit_status_of_the_boot(device: Path, tmp_path: Path, dotlocal: Command) -> None:
    """2, what the boot says, and that there is nothing to serve."""
    done = dotlocal("device", *words(device, f"--state={tmp_path / 'none'}"))
    assert (done.status, done.code, done.hinted) == (2, "no-state", True)
    assert "status 2, and there is no certificate to serve (boot-failed)" in done.err


def test_a_refused_boot_is_told_as_refused(device: Path, tmp_path: Path, dotlocal: Command) -> None:
    """A damaged key: 1."""
    shutil.copytree(device / "state", tmp_path / "state")
    (tmp_path / "state/device-ca.key").write_text("torn")
    done = dotlocal("device", *words(device, f"--state={tmp_path / 'state'}"))
    assert (done.status, done.code) == (1, "key-damaged"), done
    assert "status 1, and there is no certificate to serve (boot-failed)" in done.err


def test_an_earlier_set_is_served_with_a_warning(device: Path, story: Told, tmp_path: Path, dotlocal: Command) -> None:
    """The boot fails, and what there is is better than nothing."""
    dotlocal.ok(*story.boot_words("07"))
    command = [*bare(dotlocal), *words(device, f"--state={tmp_path / 'none'}")]
    with started(command, dotlocal.env()) as process:
        port, said = port_of(process)
        assert "warning: the boot ended with status 2; serving the certificates of run/current" in said
        assert serial(port, story.root)


def test_wait_is_for_the_set_of_somebody_else(device: Path, story: Told, tmp_path: Path, dotlocal: Command) -> None:
    """The boot fails, another one comes a moment later: with --wait, that is in time."""
    command = [*bare(dotlocal), *words(device, f"--state={tmp_path / 'none'}", "--wait=20")]
    with started(command, dotlocal.env()) as process:
        assert process.stderr
        assert "(no-state)" in process.stderr.readline()
        until(lambda: not children(process.pid))
        dotlocal.ok(*story.boot_words("07"))
        assert serial(port_of(process)[0], story.root)


def test_a_service_that_is_refused_waits_for_its_boot(device: Path, dotlocal: Command) -> None:
    """The port is taken: exit 1, and the set is there by then, for whoever starts next."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = dotlocal("device", *words(device, f"--listen=127.0.0.1:{port}"))
    assert (done.status, done.code) == (1, "address-in-use")
    assert (device / "run/current/privkey.pem").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_while_booting_leaves_a_whole_boot(device: Path, dotlocal: Command, number: int) -> None:
    """The service ends at once; the boot that it began makes its set whole, and ends by itself."""
    with held_up(device):
        process = subprocess.Popen([*bare(dotlocal), *words(device)], env=dotlocal.env(), stderr=subprocess.DEVNULL)
        until(lambda: bool(children(process.pid)))
        (boot,) = children(process.pid)
        process.send_signal(number)
        assert process.wait(5) == -number
        assert not (device / "run/current").exists()
    until(lambda: not os.path.exists(f"/proc/{boot}/exe"))
    assert {path.name for path in (device / "run/current").iterdir()} >= {"privkey.pem", "names.pem", "status.json"}


def test_ctrl_c_while_booting_ends_both_without_a_traceback(device: Path, dotlocal: Command) -> None:
    """A terminal sends SIGINT to both."""
    with held_up(device):
        process = subprocess.Popen(
            [*bare(dotlocal), *words(device)], env=dotlocal.env(), stderr=subprocess.PIPE, text=True, process_group=0
        )
        until(lambda: bool(children(process.pid)))
        (boot,) = children(process.pid)
        until(lambda: str(device / "run/lock") in held_by(boot) and waits_for_another(process.pid))
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said, said


def test_as_another_user(device: Path, story: Told, dotlocal: Command) -> None:
    """Booted by root, served by `nobody`, who couldn't have read the state."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    config = device / "with-group.toml"
    config.write_text('group = "nogroup"\n' + (device / "device.toml").read_text())
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        command = [*bare(dotlocal), *words(device, f"--config={config}", f"--run={open_to_all}", "--user=nobody")]
        with started(command, dotlocal.env()) as process:
            assert serial(port_of(process)[0], story.root)
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert re.search(r"^Uid:(\t[1-9][0-9]*){4}$", status, re.M)


_LOST = """
import os, sys
from dotlocal.device.serve.boot_beside import BootBeside
boot = BootBeside(state=sys.argv[1], run=sys.argv[2], config="")
os.wait()
print(boot.status(), boot.status())
"""


def test_a_status_that_an_interrupt_lost_is_no_error(device: Path, dotlocal: Command) -> None:
    """The boot was waited for, but nobody could write that down; who asks again is told of the interrupt."""
    command = [str(dotlocal.python), "-c", _LOST, str(device / "state"), str(device / "run")]
    assert subprocess.check_output(command, env=dotlocal.env(), stderr=subprocess.DEVNULL, text=True) == "130 130\n"


@pytest.mark.parametrize("given", [["--state=/x"], ["--boot", "--state="], ["--boot=yes"]])
def test_words_that_make_no_sense(dotlocal: Command, given: list[str]) -> None:
    """--state is for --boot, which takes no value."""
    done = dotlocal("device", "serve", "--listen=127.0.0.1:0", "--to=127.0.0.1:9", *given)
    assert done.status == 2
    assert "usage" in done.err
