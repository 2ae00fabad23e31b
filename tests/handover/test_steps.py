"""What a hand-over does when the server, the set or the network are not as they should be."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ENOSYS
from pathlib import Path
from signal import SIGUSR1

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from handed_device import Device
from hypothesis import given
from hypothesis import strategies as st
from own_server import by_command, codes, tls_server
from restless import wait_until
from web_servers import unused_port

from dotlocal.core.errors import Refused
from dotlocal.device.configuration import parse
from dotlocal.device.context import ssl_context
from dotlocal.device.handover import lighttpd_socket, processes
from dotlocal.device.handover.proof import serial_of
from dotlocal.device.handover.servers import Server
from dotlocal.device.serve.tls import contexts
from installed import Command


def test_a_server_that_follows_is_proven_at_each_boot(device: Device) -> None:
    """Both serial numbers of the new set are in the report, and in status.json."""
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, "true"))
        report = device.boot()
    handed = report["handover"]
    assert (handed["server"], handed["outcome"], handed["reason"]) == ("command", "served", "")
    assert (handed["serial_served"], handed["names_serial_served"]) == (report["serial"], report["names_serial"])
    assert device.status == report
    assert codes(report) == []


def test_a_server_that_keeps_the_old_set_is_an_error_and_the_new_set_stays(device: Device) -> None:
    """`handover-failed`, exit status 1, with what is served instead; run/current is the new one all the same."""
    old = device.status
    with tls_server(contexts(device.run / os.readlink(device.run / "current"), kind=ssl.SSLContext)) as port:
        device.configure(by_command(port, "true", seconds=1))
        report = device.boot(fine=False)
    assert codes(report) == ["handover-failed"]
    assert report["handover"]["outcome"] == "failed"
    assert report["handover"]["serial_served"] == old["serial"] != report["serial"]
    assert device.status["serial"] == report["serial"]
    assert contexts(device.run / "current")


def test_a_server_that_serves_one_certificate_is_a_warning(device: Device) -> None:
    """fullchain.pem for everybody: handed over, and said."""
    device.configure()
    with tls_server(OnlyFull(device.run)) as port:
        device.configure(by_command(port, "true"))
        report = device.boot()
    assert report["handover"]["outcome"] == "served"
    assert codes(report) == ["handover-one-certificate"]


class OnlyFull(ssl.SSLContext):
    """Serves fullchain.pem of the current set, whatever name is asked for."""

    def __new__(cls, run: Path) -> OnlyFull:
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made.run = run  # type: ignore[attr-defined]
        return made

    def wrap_socket(self, sock: socket.socket, *places: object, **words: object) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.run / "current" / "bundle.pem")  # type: ignore[attr-defined]
        return context.wrap_socket(sock, server_side=True)


def test_a_server_that_is_not_running_is_a_note(device: Device, tmp_path: Path) -> None:
    """At boot most web servers start later; nothing is run, and nothing is wrong."""
    mark = tmp_path / "mark"
    port = unused_port()
    device.configure(by_command(port, "touch", str(mark)))
    report = device.boot()
    assert report["handover"]["outcome"] == "not-running"
    assert report["handover"]["reason"] == f"nothing listens at 127.0.0.1 port {port}"
    assert codes(report) == ["handover-not-running"]
    assert not mark.exists()


@pytest.mark.parametrize(("user", "running"), [(0, False), (1000, True)])
def test_who_may_not_ask_systemd_is_told_by_it(user: int, running: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root finds a unit that isn't active; another user may only have been refused the answer, and goes on."""
    monkeypatch.setattr(os, "geteuid", lambda: user)
    told = Server({"server": "lighttpd-socket", "unit": "no-such.service"}, [])
    assert lighttpd_socket.running(told) is running


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sh", "-c", "echo no such site; exit 3"], "ended with 3: no such site"),
        (["sh", "-c", "sleep 60"], "took longer than 1 s"),
        (["/nonexistent/reload"], "can't be run"),
        (["sh", "-c", "kill -9 $$"], "was killed by signal 9"),
    ],
)
def test_a_command_that_fails_says_why(device: Device, words: list[str], said: str) -> None:
    """Its own last words are the reason."""
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, *words, seconds=1))
        report = device.boot(fine=False)
    assert said in report["handover"]["reason"]
    assert codes(report) == ["handover-failed"]


def test_a_daemon_that_the_command_leaves_behind_is_not_waited_for(device: Device) -> None:
    """`systemctl restart` of old init scripts does that."""
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, "sh", "-c", "sleep 8 &", seconds=5))
        began = time.monotonic()
        device.boot()
    assert time.monotonic() - began < 5


def foreign_key(folder: Path, other: Path) -> None:
    shutil.copy(other / "privkey.pem", folder)


def foreign_names(folder: Path, other: Path) -> None:
    shutil.copy(other / "names.pem", folder)


def foreign_bundle(folder: Path, other: Path) -> None:
    shutil.copy(other / "bundle.pem", folder)


def empty_chain(folder: Path, other: Path) -> None:
    (folder / "fullchain.pem").write_bytes(b"")


def mixed_throughout(folder: Path, other: Path) -> None:
    shutil.copy(other / "privkey.pem", folder)
    for bundle, chain in (("bundle.pem", "fullchain.pem"), ("names-bundle.pem", "names.pem")):
        (folder / bundle).write_bytes((folder / "privkey.pem").read_bytes() + (folder / chain).read_bytes())


@pytest.mark.parametrize("fault", [foreign_key, foreign_names, foreign_bundle, empty_chain, mixed_throughout])
def test_a_set_that_does_not_go_together_is_never_handed_over(
    device: Device, tmp_path: Path, fault: Callable[[Path, Path], None]
) -> None:
    """The command is not even run."""
    other = tmp_path / "other"
    shutil.copytree(device.run / "current", other)
    device.boot()
    with tls_server(ssl_context(device.run)) as port:
        mark = tmp_path / "mark"
        device.configure(by_command(port, "touch", str(mark)))
        fault(device.run / os.readlink(device.run / "current"), other)
        report = device.hand_over(status=1)
    assert codes(report) == ["handover-failed"]
    assert "(set-broken)" in report["handover"]["reason"]
    assert not mark.exists()


def test_by_hand_the_current_set_is_handed_over(device: Device, tmp_path: Path) -> None:
    """`when = "asked"`: boot leaves it alone, `device handover` does it, and status.json says so."""
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, "touch", str(tmp_path / "mark")) + 'when = "asked"\n')
        assert "handover" not in device.boot()
        assert not (tmp_path / "mark").exists()
        report = device.hand_over()
    assert report["handover"]["outcome"] == "served"
    assert (tmp_path / "mark").exists()
    assert device.status["handover"] == report["handover"]


def test_a_set_that_comes_meanwhile_is_due_again(device: Device, tmp_path: Path) -> None:
    """`when = "asked"`: a boot leaves `handover-due`, which a unit waits for; a hand-over removes it when it starts.

    Its end would be too late: systemd tells a path unit of no change while its service is running.
    """
    due = device.run / "handover-due"
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, "sh", "-c", f"test ! -e {due}; touch {due}") + 'when = "asked"\n')
        device.boot()
        assert due.exists()
        assert device.hand_over()["handover"]["outcome"] == "served"
    assert due.exists()


@contextmanager
def hanging(device: Device, tmp_path: Path, *words: str, when: str, seconds: int) -> Iterator[subprocess.Popen[bytes]]:
    """A hand-over at work, in whose command nothing happens until it is ended; every later one succeeds at once."""
    mark = tmp_path / "mark"
    script = f"echo told >> {tmp_path / 'runs'}; [ -e {mark} ] || {{ touch {mark}; sleep {seconds + 20}; }}"
    command = ["sh", "-c", script]
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, *command, seconds=seconds) + f'when = "{when}"\n')
        process = device.told.command.start(*words)
        try:
            wait_until(mark.exists)
            yield process
        finally:
            process.kill()
            process.communicate()


def outcome(device: Device) -> str | None:
    handed: dict[str, str] = device.status.get("handover", {})
    return handed.get("outcome")


def by_hand(device: Device) -> list[str]:
    return ["device", "handover", "--json", "--config", str(device.config), "--run", str(device.run)]


def test_no_boot_waits_for_the_end_of_a_hand_over(device: Device, tmp_path: Path) -> None:
    """A server that hangs for a minute: the next boot gives it moments to read, those after that none at all."""
    with hanging(device, tmp_path, *by_hand(device), when="asked", seconds=60):
        offered = device.run / os.readlink(device.run / "current")
        serials, times = [device.status["serial"]], []
        for _ in range(4):
            began = time.monotonic()
            serials.append(device.boot()["serial"])
            times.append(time.monotonic() - began)
            assert device.status["serial"] == serials[-1]
        assert len(set(serials)) == 5
        assert 2 < times[0] < 8, times
        assert max(times[1:]) < 3, times
        assert {path.name for path in offered.iterdir()} >= {"privkey.pem", "fullchain.pem"}
    device.boot()
    assert not offered.exists()


def test_by_hand_the_newest_set_is_handed_over(device: Device, tmp_path: Path) -> None:
    """`device handover`, and another set comes meanwhile: the outcome is that one's."""
    with hanging(device, tmp_path, *by_hand(device), when="asked", seconds=5) as process:
        newest = device.boot()
        out, _ = process.communicate(timeout=40)
    handed = json.loads(out)["handover"]
    assert (process.returncode, handed["outcome"], handed["serial_served"]) == (0, "served", newest["serial"])
    assert device.status["handover"] == handed


def test_of_three_boots_the_last_one_hands_over(device: Device, tmp_path: Path) -> None:
    """While the server hangs it is told of the first set, then of the last, of none between; those are a note each."""
    words = [*device.told.boot_words("07"), "--json"]
    with hanging(device, tmp_path, *words, when="boot", seconds=5) as first:
        before = device.status["serial"]
        second = device.told.command.start(*words)
        wait_until(lambda: device.status["serial"] != before)
        last = device.boot()
        reports = [json.loads(process.communicate(timeout=40)[0]) for process in (first, second)]
    assert [report["handover"]["outcome"] for report in reports] == ["superseded", "superseded"]
    assert [codes(report) for report in reports] == [["handover-superseded"]] * 2
    assert (first.returncode, second.returncode, device.status) == (0, 0, last)
    assert last["handover"]["outcome"] == "served"
    assert (tmp_path / "runs").read_text().split() == ["told", "told"]


def test_a_watching_device_tries_again(device: Device, tmp_path: Path) -> None:
    """The reload fails; once its cause is mended the next try is served, without anybody's asking."""
    mended = tmp_path / "mended"
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, "sh", "-c", f"[ -e {mended} ]"))
        words = device.told.boot_words("07")
        process = device.told.command.start(*words[:1], "watch", *words[2:])
        try:
            wait_until(lambda: outcome(device) == "failed")
            mended.touch()
            wait_until(lambda: outcome(device) == "served")
        finally:
            process.terminate()
            _, err = process.communicate(timeout=20)
    assert b"(another try)" in err


def test_without_a_table_there_is_nothing_to_do_by_hand(device: Device) -> None:
    """Exit status 2, with what is missing."""
    done = device.told.command("device", "handover", "--config", device.config, "--run", device.run)
    assert (done.status, done.code, done.hinted) == (2, "handover-where", True)


@pytest.mark.skipif(Path("/etc/dotlocal/device.toml").exists(), reason="this machine is a device")
def test_without_a_device_toml_neither(device: Device) -> None:
    """The file that may be missing is missing: the same, and not a path to be mended that nobody gave."""
    done = device.told.command("device", "handover", "--run", device.run)
    assert (done.status, done.code, done.hinted) == (2, "handover-where", True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_command_that_takes_root_says_how_root_does_it() -> None:
    """The user of the watching unit may not test nginx's configuration: the hint is not to mend nginx."""
    script = (
        "import os; from dotlocal.core.errors import Refused; from dotlocal.device.handover import processes\n"
        "for user in 0, 62007:\n os.setuid(user)\n try: processes.run(['false'], 9)\n"
        " except Refused as refused: print(refused.hint)"
    )
    by_root, by_other = subprocess.check_output([sys.executable, "-c", script], text=True).splitlines()
    assert 'handover.when = "asked"' in by_other
    assert "62007" in by_other
    assert "asked" not in by_root


def test_a_process_that_only_has_the_number_is_not_signalled(tmp_path: Path) -> None:
    """A pid file outlives a crash; SIGUSR1 would end whoever has the number now."""
    stranger = subprocess.Popen(["sleep", "30"])
    try:
        pid_file = tmp_path / "pid"
        pid_file.write_text(f"{stranger.pid}\n")
        with pytest.raises(Refused) as caught:
            processes.send(str(pid_file), "nginx", SIGUSR1)
        assert caught.value.code == "handover-process"
        assert {"handover.server,", "handover.pid_file"} <= {*caught.value.hint.split()}, "either may be the mistake"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("built", [True, False])
def test_an_old_kernel_signals_by_number(tmp_path: Path, built: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Linux 5.3 there is no descriptor of a process, and a Python built for one has no function for it."""

    def lacking(pid: int) -> int:
        raise OSError(ENOSYS, os.strerror(ENOSYS))

    if built:
        monkeypatch.setattr(os, "pidfd_open", lacking)
    else:
        monkeypatch.delattr(os, "pidfd_open")
    told = subprocess.Popen(["sleep", "30"])
    (tmp_path / "pid").write_text(f"{told.pid}\n")
    try:
        wait_until(lambda: processes.find(str(tmp_path / "pid"), "sleep"))  # it has its name a moment after it began
        processes.send(str(tmp_path / "pid"), "sleep", SIGUSR1)
        assert told.wait(10) == -SIGUSR1
    finally:
        told.kill()
        told.wait()


@pytest.mark.parametrize("text", ["", "0", "1", "-1", "99999999999999999999", "x"])
def test_a_pid_file_with_anything_else_names_nobody(tmp_path: Path, text: str) -> None:
    """No process group, no init, no overflow."""
    (tmp_path / "pid").write_text(text)
    assert processes.find(str(tmp_path / "pid"), "") is None


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ('server = "iis"', "handover-server"),
        ("connect = '127.0.0.1:443'", "handover-server"),
        ('server = "nginx"\nsocket = "/x"', "unknown-key"),
        ('server = "nginx-variable"\npid_file = "/x"', "unknown-key"),
        ('server = "command"', "config-value"),
        ('server = "command"\ncommand = "reload it"', "wrong-type"),
        ('server = "nginx"\nconnect = "443"', "endpoint"),
        ('server = "nginx"\nconnect = "127.0.0.1:0"', "endpoint"),
        ('server = "nginx"\nseconds = 0', "config-value"),
        ('server = "nginx"\nseconds = true', "wrong-type"),
        ('server = "nginx"\nwhen = "never"', "config-value"),
        ('server = "nginx"\nconfig = 1', "wrong-type"),
    ],
)
def test_a_wrong_table_is_refused_by_the_keys_name(table: str, code: str) -> None:
    """Before anything is made."""
    with pytest.raises(Refused) as caught:
        parse(f"[handover]\n{table}\n".encode(), "device.toml")
    assert caught.value.code == code


def test_a_boot_without_a_table_imports_nothing_of_this(dotlocal: Command, device: Device) -> None:
    """No TLS, no adapter: the boot path stays as short as it was."""
    words = ["-c", _IMPORTED, *device.told.boot_words("07")[2:]]
    done = subprocess.run([dotlocal.python, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


_IMPORTED = """
import sys
from dotlocal.device import boot
boot.boot(boot.parse(sys.argv[1:]))
print(*(name for name in sys.modules if name in ("ssl", "subprocess") or "handover" in name))
"""


def test_serial_numbers_are_read_as_others_read_them(device: Device) -> None:
    """Of all certificates of a set."""
    for text in ("fullchain.pem", "names.pem"):
        for certificate in x509.load_pem_x509_certificates((device.run / "current" / text).read_bytes()):
            der = certificate.public_bytes(Encoding.DER)
            assert serial_of(der) == f"{certificate.serial_number:x}"
            assert all(serial_of(der[:size]) == "" for size in range(len(der)))


@given(st.binary(max_size=64))
def test_what_is_no_certificate_has_no_serial_number(octets: bytes) -> None:
    """Whatever a server sends, it is read or it is nothing."""
    assert isinstance(serial_of(octets), str)
    assert isinstance(serial_of(b"\x30\x20\x30\x1e" + octets), str)
