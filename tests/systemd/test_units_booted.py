"""The units of `device install` under a real systemd as process 1, on a machine of its own (`booted`).

The first machine boots with everything enabled; each test does something to it and leaves it serving. At the end it is
switched off, and boots again with a read-only root and an empty /run.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from booted import Machine, permitted

from installed import Command
from told import Told, retell
from tools import program

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("systemd")]

SOON = 2.0  # seconds after the last change: the bar for a new certificate
QUICK = 5.0  # seconds for a unit to stop, on a busy machine; systemd would kill it after 90
_ADDRESS, _NAME, _PASSWORD = "192.168.77.7", "press-07.local", "some words in a row"
_HTTPS, _PAGES, _NGINX = 443, 8443, 444
_CA, _KEY = "/var/lib/dotlocal/device-ca.key", "/run/dotlocal/current/privkey.pem"
_ENABLED = ("watch.service", "serve.service", "own.service", "own-front.service", "handover.path")
_BIND = 1 << 10  # CAP_NET_BIND_SERVICE, capability.h
# user, group, further groups, capabilities, and what it may write of what it can see
_RUNS: dict[str, tuple[str, str, set[str], int, set[str]]] = {
    "dotlocal-watch": ("dotlocal", "dotlocal", {"dotlocal-tls"}, 0, {"/var/lib/dotlocal", "/run/dotlocal"}),
    "dotlocal-own": ("dotlocal", "dotlocal", {"dotlocal-tls"}, _BIND, {"/var/lib/dotlocal", "/run/dotlocal"}),
    "dotlocal-serve": ("dotlocal-serve", "dotlocal-tls", set(), _BIND, set()),
    "dotlocal-own-front": ("dotlocal-serve", "dotlocal-tls", set(), 0, set()),
}
_FACING = ("dotlocal-serve", "dotlocal-own-front")
_SETTINGS = f"""\
hostnames = ["{_NAME}"]
group = "dotlocal-tls"

[serve]
listen = ":{_HTTPS}"
folder = "/www"

[handover]
server = "nginx"
when = "asked"
connect = "127.0.0.1:{_NGINX}"
"""
_NGINX_CONF = """\
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log stderr;
events {}
http { access_log off; include conf.d/*.conf; }
"""
_LAN = """\
[Unit]
Description=A network with nobody else on it
Wants=network.target
Before=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip link set lo up
ExecStart=ip link add lan0 type veth peer name far0
ExecStart=ip link set far0 up
ExecStart=ip link set lan0 up
ExecStart=ip address add 192.168.77.7/24 dev lan0

[Install]
WantedBy=multi-user.target
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    permitted()
    program("nginx")
    return retell(tmp_path_factory.mktemp("systemd") / "story", dotlocal)


@pytest.fixture(scope="module")
def image(told: Told, installations: Path) -> Machine:
    """A device as an image's build leaves it: adopted, units installed and enabled, never booted."""
    made = Machine(told.folder.with_name("image"))
    made.furnish()
    (wheel,) = installations.glob("*.whl")
    made.install(wheel)
    made.write("etc/dotlocal/device.toml", _SETTINGS)
    made.write("www/index.html", "<p>press-07</p>\n")
    made.write("customer/root.pem", told.root.read_bytes())
    made.write("customer/password", f"{_PASSWORD}\n")
    made.write("etc/systemd/system/lan.service", _LAN)
    made.write("etc/tmpfiles.d/timesyncd.conf", "d /run/systemd/timesync 0755\n")  # its own unit makes it
    made.write("etc/nginx/nginx.conf", _NGINX_CONF)
    made.write("etc/nginx/dotlocal-site.conf", "root /www;\n")
    for name in ("conf.d", "log"):
        (made.folder / "etc/nginx" / name).mkdir(mode=0o755)
    for name in ("lib/nginx", "log/nginx"):
        (made.folder / "var" / name).mkdir(mode=0o755)
    command = "/opt/dotlocal/bin/dotlocal"
    made.inside(command, "device", "install", "systemd", "own", "boot", "--prefix", "/installed")
    out = "/etc/nginx/conf.d/dotlocal.conf"
    made.inside(command, "device", "install", "--server", "nginx", "--port", str(_NGINX), "--out", out)
    made.inside("systemd-sysusers", "dotlocal.conf")
    shutil.copytree(told.device("07") / "state", made.folder / "var/lib/dotlocal")
    (made.folder / "var/lib/dotlocal").chmod(0o700)
    made.inside("chown", "-R", "dotlocal:dotlocal", "/var/lib/dotlocal")
    made.inside("systemctl", "enable", "lan", "nginx", *(f"dotlocal-{name}" for name in _ENABLED))
    return made


@pytest.fixture(scope="module")
def machine(image: Machine) -> Iterator[Machine]:
    """It has booted for the first time."""
    image.boot()
    try:
        _until(lambda: all(_answers(image, port) for port in (_HTTPS, _PAGES, _NGINX)))
        yield image
    finally:
        image.unplug()


@pytest.fixture(scope="module")
def again(machine: Machine) -> tuple[Machine, str]:
    """The same one, switched off and on again: /run is empty, the root can't be written; and its state before."""
    assert machine.power_off() < 5
    before = _digest(machine.folder / "var/lib/dotlocal")
    machine.boot(writable=False)
    return machine, before


def _until(condition: object, seconds: float = 20.0) -> float:
    """Wait until something is so; after how many seconds it was."""
    assert callable(condition)
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.03)
    return time.monotonic() - began


def _serial(machine: Machine, port: int = _HTTPS) -> int:
    found = machine.served(_ADDRESS, port)
    assert found.verified
    return found.serial


def _answers(machine: Machine, port: int) -> bool:
    """Whether there is a page, from whatever is behind the port; `curl` doesn't look at certificates here."""
    asked = ["curl", "-s", "--insecure", "-o", "/dev/null", "-w", "%{http_code}", f"https://{_ADDRESS}:{port}/"]
    return machine(*asked) not in ("000", "502", "503")


def _digest(folder: Path) -> str:
    contents = [f"{path} {path.read_bytes().hex()}" for path in sorted(folder.rglob("*")) if path.is_file()]
    return hashlib.sha256("".join(contents).encode()).hexdigest()


def _status(machine: Machine, unit: str) -> dict[str, list[str]]:
    lines = machine.ok("cat", f"/proc/{machine.main_pid(unit)}/status").splitlines()
    return {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}


def _in_sandbox(machine: Machine, unit: str, script: str, *, user: str = "") -> str:
    """What a shell says in the mounts that a service has, as a user without capabilities, or as root."""
    become = (
        [] if not user else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--bounding-set=-all"]
    )
    return machine("nsenter", f"--target={machine.main_pid(unit)}", "--mount", *become, "sh", "-c", script)


def _reached(machine: Machine, unit: str, what: str) -> int:
    return int(machine.show(unit, f"{what}TimestampMonotonic"))


# The first boot


@pytest.mark.parametrize(
    ("port", "name"), [(_HTTPS, ""), (_HTTPS, _NAME), (_PAGES, ""), (_PAGES, _NAME), (_NGINX, ""), (_NGINX, _NAME)]
)
def test_a_customer_accepts_each_server(machine: Machine, port: int, name: str) -> None:
    """`device serve`, the pages' front and nginx, by address and by name: openssl verifies against the root alone."""
    assert machine.served(_ADDRESS, port, name=name).verified


def test_serve_is_active_when_it_serves(machine: Machine) -> None:
    """Type=notify: who is ordered after it need not ask whether it listens."""
    machine.ok("systemctl", "restart", "dotlocal-serve")
    assert machine.served(_ADDRESS).verified


def test_watch_is_ready_when_there_is_a_certificate(machine: Machine) -> None:
    """Type=notify: nginx, which wants its files, was started after that; the set is older than the readiness."""
    assert machine.show("dotlocal-watch", "Type") == "notify"
    assert machine.show("dotlocal-watch", "StatusText").startswith("serving until ")
    ready = _reached(machine, "dotlocal-watch", "ActiveEnter")
    assert _reached(machine, "dotlocal-watch", "InactiveExit") < ready <= _reached(machine, "nginx", "InactiveExit")
    assert machine.show("nginx", "NRestarts") == "0"


@pytest.mark.parametrize("unit", list(_RUNS))
def test_each_runs_as_who_was_promised(machine: Machine, unit: str) -> None:
    """User, groups and capabilities of the process that runs, not of the file; and its system calls are filtered."""
    user, group, further, capabilities, _ = _RUNS[unit]
    status = _status(machine, unit)
    numbers = {name: machine.ok("id", "-u", name) for name in ("dotlocal", "dotlocal-serve")}
    groups = dict(line.split(":")[::2][:2] for line in machine.ok("cat", "/etc/group").splitlines())
    assert set(status["Uid"]) == {numbers[user]}
    assert set(status["Gid"]) == {groups[group]}
    assert set(status["Groups"]) == {groups[name] for name in {group, *further}}
    assert {int(status[name][0], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {capabilities}
    assert (status["NoNewPrivs"], status["Seccomp"]) == (["1"], ["2"])


def test_files_are_whose_they_should_be(machine: Machine) -> None:
    """The table of docs/integrator.md, section 8."""
    places = ["/var/lib/dotlocal", _CA, "/run/dotlocal", "/run/dotlocal/current/", _KEY]
    assert machine.ok("stat", "--format=%U %G %a", *places).splitlines() == [
        "dotlocal dotlocal 700", "dotlocal dotlocal 600", "dotlocal dotlocal 755",
        "dotlocal dotlocal-tls 750", "dotlocal dotlocal-tls 640",
    ]  # fmt: skip


@pytest.mark.parametrize("unit", _FACING)
def test_who_faces_the_network_cannot_reach_the_state(machine: Machine, unit: str) -> None:
    """By its path, not even as root; by /proc, where the watching process isn't; the server's key it can read."""
    watching = machine.main_pid("dotlocal-watch")
    tried = [_CA, f"/proc/{watching}/root{_CA}", f"/proc/{watching}/mem", f"/proc/{watching}/environ"]
    script = (
        f'for each in {" ".join(tried)}; do head -c 1 "$each" >/dev/null 2>&1 && echo "$each"; done; head -1 {_KEY}'
    )
    assert _in_sandbox(machine, unit, script, user="dotlocal-serve") == "-----BEGIN PRIVATE KEY-----"
    assert _in_sandbox(machine, unit, f"head -c 1 {_CA}") == ""
    assert machine("head", "-1", _CA) == "-----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize("unit", list(_RUNS))
def test_the_sandbox_is_in_force(machine: Machine, unit: str) -> None:
    """Root itself can write nowhere in a service's mounts but where the service must: a file is tried in each place."""
    places = (
        "/", "/etc", "/usr", "/var", "/var/lib", "/var/lib/dotlocal", "/run", "/run/lock", "/run/dotlocal", "/root",
        "/home", "/opt", "/sys", "/proc/sys/kernel", "/dev",
    )  # fmt: skip
    script = (
        f'for each in {" ".join(places)}; do (: >"$each/tried") 2>/dev/null && echo "$each" && rm "$each/tried"; done'
    )
    assert set(_in_sandbox(machine, unit, script).split()) == _RUNS[unit][4]


def test_what_signs_has_no_network(machine: Machine) -> None:
    """IPAddressDeny=any: whatever is in the cgroup of dotlocal-watch reaches not even this machine itself."""
    script = (
        'echo $$ >"/sys/fs/cgroup$0/cgroup.procs"; exec timeout 1 openssl s_client -connect 127.0.0.1:443 </dev/null'
    )
    said = {
        unit: machine("sh", "-c", script, machine.show(unit, "ControlGroup")) for unit in ("dotlocal-watch", "nginx")
    }
    assert "BEGIN CERTIFICATE" in said["nginx"]
    assert said["dotlocal-watch"] == ""


# Changes


def test_an_address_is_served_soon(machine: Machine) -> None:
    """Added by hand to an interface in there, and a visitor of it is content within two seconds."""
    machine.ok("ip", "address", "add", "192.168.88.8/24", "dev", "lan0")
    assert _until(lambda: machine.served("192.168.88.8").verified) < SOON


def test_a_host_name_is_served_soon(machine: Machine) -> None:
    """Under ProtectHostname= a service keeps the name of its start, whatever becomes of the machine's."""
    machine.ok("hostname", "press-77")
    assert _until(lambda: machine.served(_ADDRESS, name="press-77.local").verified) < SOON


def test_a_clock_that_is_synchronised_is_noticed(machine: Machine) -> None:
    """systemd-timesyncd touches a file; whether the clock is better now, the kernel is asked."""
    before = _serial(machine)
    machine.ok("touch", "/run/systemd/timesync/synchronized")
    assert _until(lambda: _serial(machine) != before) < SOON


def test_reload_makes_new_certificates(machine: Machine) -> None:
    """`systemctl reload`, and the process stays."""
    before, process = _serial(machine), machine.main_pid("dotlocal-watch")
    machine.ok("systemctl", "reload", "dotlocal-watch")
    assert _until(lambda: _serial(machine) != before) < SOON
    assert machine.main_pid("dotlocal-watch") == process


def test_root_hands_over_when_asked_and_at_no_other_time(machine: Machine) -> None:
    """Nothing of ours runs as root at rest. More sets than a unit may be started for in ten seconds (StartLimitBurst=):
    nginx serves the last one, and is handed the next one too.
    """
    for _ in range(8):
        before = _serial(machine)
        machine.ok("systemctl", "reload", "dotlocal-watch")
        _until(lambda before=before: _serial(machine) != before)
    _until(lambda: _serial(machine, _NGINX) == _serial(machine))
    _until(lambda: machine("systemctl", "is-active", "dotlocal-handover.service") == "inactive")
    assert machine("systemctl", "is-active", "dotlocal-handover.path") == "active"
    assert machine.show("dotlocal-handover.service", "Result") == "success"
    users = {unit: _status(machine, unit)["Uid"][0] for unit in _RUNS}
    assert "0" not in users.values()
    assert machine("sh", "-c", "ps -eo user:20,args | grep '[d]otlocal' | grep ^root") == ""
    assert "nginx serves the new certificates" in machine.journal("--unit=dotlocal-handover.service")


def test_what_is_killed_comes_back(machine: Machine) -> None:
    """SIGKILL to all four at once; restarted five seconds later, the first of them with a new certificate."""
    before = _serial(machine)
    machine.ok("kill", "-KILL", *(machine.main_pid(unit) for unit in _RUNS))
    units = list(_RUNS)
    _until(lambda: [machine.show(unit, "NRestarts") for unit in units] == ["1"] * len(units))
    _until(lambda: machine("systemctl", "is-active", *units).split() == ["active"] * len(units))
    _until(lambda: _answers(machine, _HTTPS) and _answers(machine, _PAGES))
    assert _serial(machine) != before


def test_stops_are_clean_and_quick(machine: Machine) -> None:
    """Each ends by itself, with 0; and starts again."""
    for unit in _RUNS:
        began = time.monotonic()
        machine.ok("systemctl", "stop", unit)
        assert time.monotonic() - began < QUICK, unit
        assert (machine.show(unit, "Result"), machine.show(unit, "ExecMainStatus")) == ("success", "0"), unit
    machine.ok("systemctl", "start", *_RUNS)
    _until(lambda: _answers(machine, _HTTPS) and _answers(machine, _PAGES))


def test_a_group_of_somebody_elses_is_told(machine: Machine) -> None:
    """A web server's own group in device.toml: only root may give away what isn't its own. HTTPS goes on elsewhere."""
    settings = machine.folder / "etc/dotlocal/device.toml"
    settings.write_text(_SETTINGS.replace('"dotlocal-tls"', '"www-data"'))
    _until(lambda: "(group-refused)" in machine.journal("--unit=dotlocal-watch"), SOON)
    assert machine.ok("stat", "--format=%U %G %a", _KEY) == "dotlocal dotlocal 600"
    assert machine.served(_ADDRESS).verified
    settings.write_text(_SETTINGS)
    _until(lambda: machine.ok("stat", "--format=%U %G %a", _KEY) == "dotlocal dotlocal-tls 640")


def test_a_key_that_root_makes_later_can_be_read(machine: Machine, told: Told) -> None:
    """Sealed for this machine: root makes it in a state that dotlocal-watch was given long before, and systemd opens it
    for the service, as docs/integrator.md, section 13, says.
    """
    state, settings = machine.folder / "var/lib/dotlocal", machine.folder / "etc/dotlocal/device.toml"
    machine.ok("systemctl", "stop", "dotlocal-watch")
    shutil.copytree(state, state.with_name("before"))
    for path in state.iterdir():
        path.unlink()
    settings.write_text(f"{_SETTINGS}[key]\nsealed = true\n")
    dropin = "etc/systemd/system/dotlocal-watch.service.d/sealed.conf"
    try:
        machine.ok("dotlocal", "device", "init", "--serial", "SN0099", "--out", "/customer/request.pem")
        request, birth = (str(machine.folder / "customer" / name) for name in ("request.pem", "birth.pem"))
        told.command.ok("factory", "provision", request, "--home", told.folder / "factory", "--out", birth)
        machine.ok("dotlocal", "device", "adopt", "/customer/birth.pem")
        machine.ok("sh", "-c", f"sed -n 's/^sealed //p' {_CA} >/etc/dotlocal/device-ca.sealed")
        machine.write(dropin, "[Service]\nLoadCredentialEncrypted=dotlocal-device-ca:/etc/dotlocal/device-ca.sealed\n")
        machine.ok("systemctl", "daemon-reload")
        machine.ok("systemctl", "start", "dotlocal-watch")
        _until(lambda: "SN0099" in machine.served(_ADDRESS).certificate.issuer.rfc4514_string())
        assert machine.served(_ADDRESS).verified
    finally:
        (machine.folder / dropin).unlink(missing_ok=True)
        settings.write_text(_SETTINGS)
        shutil.copytree(state.with_name("before"), state, dirs_exist_ok=True)  # a mount of it is in every sandbox
        shutil.rmtree(state.with_name("before"))
    machine.ok("chown", "-R", "dotlocal:dotlocal", "/var/lib/dotlocal")
    machine.ok("systemctl", "daemon-reload")
    machine.ok("systemctl", "restart", "dotlocal-watch")
    _until(lambda: "SN0007" in machine.served(_ADDRESS).certificate.issuer.rfc4514_string())


# The customer, the boot kit, and the next owner


def test_the_pages_can_change_what_is_served(machine: Machine) -> None:
    """A password set by root, a login through the front, a root of the device's own; its key gets to the group too."""
    machine.ok("dotlocal", "device", "own", "password", "--password-file", "/customer/password")
    vendor = machine.served(_ADDRESS).certificate.issuer
    _post(machine, "login", f"password={_PASSWORD}")
    _post(machine, "alone", "years=10", "minutes=5")
    _until(lambda: machine.served(_ADDRESS).certificate.issuer != vendor)
    assert machine.ok("stat", "--format=%U %G", _KEY) == "dotlocal dotlocal-tls"


def _post(machine: Machine, page: str, *fields: str) -> None:
    site = f"https://{_ADDRESS}:{_PAGES}"
    curl = ["curl", "-sS", "--insecure", "-c", "/tmp/jar", "-b", "/tmp/jar", "-H", f"Origin: {site}"]
    _until(lambda: "csrf" in machine(*curl, f"{site}/{page}"))
    found = re.findall(r'name="csrf" value="([^"]+)"', machine(*curl, f"{site}/{page}"))
    data = [word for field in (f"csrf={found[-1]}", *fields) for word in ("--data-urlencode", field)]
    code = machine(*curl, "-o", "/dev/null", "-w", "%{http_code}", *data, f"{site}/{page}")
    assert code in ("200", "303"), code


def test_reset_then_reload_is_a_factory_reset(machine: Machine) -> None:
    """By root, while all is running: the device CA stays, what its owner added goes, the vendor's is served again."""
    key = machine.ok("sha256sum", _CA)
    machine.ok("dotlocal", "device", "reset")
    machine.ok("systemctl", "reload", "dotlocal-watch")
    _until(lambda: machine.served(_ADDRESS).verified)
    assert machine.ok("sha256sum", _CA) == key
    assert machine("ls", "/var/lib/dotlocal/owned") == ""


def test_the_boot_kit_takes_over_and_gives_back(machine: Machine) -> None:
    """systemd gives all of /run/dotlocal to the unit's user, the set's group with it; who serves must not lose it."""
    machine.ok("systemctl", "stop", "dotlocal-watch")
    machine.ok("systemctl", "start", "dotlocal-boot")
    assert machine.ok("stat", "--format=%U %G %a", _KEY) == "root dotlocal-tls 640"
    machine.ok("systemctl", "restart", "dotlocal-serve")
    _until(lambda: machine.served(_ADDRESS).verified)
    machine.ok("systemctl", "start", "dotlocal-watch")
    assert machine.ok("stat", "--format=%U %G %a", _KEY) == "dotlocal dotlocal-tls 640"


# The second boot


def test_it_boots_again_from_a_root_that_cannot_be_written(again: tuple[Machine, str]) -> None:
    """Nothing has failed, each server is accepted, and not an octet of the state is another one."""
    machine, before = again
    assert "Read-only file system" in machine("sh", "-c", "touch /var/lib/dotlocal/tried 2>&1")
    for port in (_HTTPS, _PAGES, _NGINX):
        _until(lambda port=port: _answers(machine, port))
        assert machine.served(_ADDRESS, port).verified
    assert machine("systemctl", "list-units", "--failed", "--plain", "--no-legend", "dotlocal*", "nginx*") == ""
    assert _digest(machine.folder / "var/lib/dotlocal") == before


def test_it_serves_within_a_second_of_the_first_units(again: tuple[Machine, str]) -> None:
    """`serve` waits for nothing but the network; certificates are there before nginx starts. By systemd's own clock."""
    machine, _ = again
    basic, ready = _reached(machine, "basic.target", "ActiveEnter"), _reached(machine, "dotlocal-watch", "ActiveEnter")
    assert ready - basic < 2_000_000
    assert ready <= _reached(machine, "nginx", "InactiveExit")
    assert _reached(machine, "dotlocal-serve", "ActiveEnter") >= _reached(machine, "network.target", "ActiveEnter")
