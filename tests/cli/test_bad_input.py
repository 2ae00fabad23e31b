"""Bad input to the installed commands: a coded error, exit 1 (2 where there was nothing at all), nothing changed."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from hierarchy import plan
from installed import Command, Done, private_mounts, tree


@dataclass(frozen=True)
class Case:
    """Words (`@name` is a path among the places) that are refused, and how."""

    name: str
    words: str
    code: str
    status: int = 1

    @property
    def id(self) -> str:
        return f"{self.words.split()[1]}-{self.name}"


def split(words: str, places: Path) -> list[str]:
    """The words of a case, its places filled in; ␣ in the middle of a word stands for a space."""
    found = []
    for word in words.split():
        option, equals, value = word.partition("=@")
        if equals:
            found.append(f"{option}={places / value}")
        else:
            found.append(str(places / word[1:]) if word.startswith("@") else word.replace("␣", " "))
    return found


def check(done: Done, case: Case) -> None:
    assert (done.status, done.code) == (case.status, case.code), done
    assert done.hinted, done
    assert done.out == ""


CREATE = "root create {} --home @new-root --passphrase-file @pass"
SIGN = "root sign {} --home @root --passphrase-file @pass --out @out.pem"
OPEN = "root sign @new-station.pem --home @root"
DEVICE_SIGN = f"{SIGN} --device"
INIT = "factory init --name line␣4 --home @new"
PROVISION = "factory provision {} --home @factory --out @out.pem"
ACCEPT = "factory accept {} --home @waiting"
ADOPT = "device adopt {} --state @SN0001/state"

REQUESTS = [  # what a device's request can be, wherever it is handed in
    ("empty", "pem-empty"),
    ("huge", "file-too-large"),
    ("corrupt", "pem-corrupt"),
    ("cut", "pem-corrupt"),
    ("garbage", "pem-empty"),
    ("certificate", "pem-label"),
    ("key", "pem-label"),
    ("forged", "request-signature"),
    ("rsa-1024", "key-kind"),
    ("other-curve", "key-kind"),
    ("unknown-curve", "key-kind"),
    ("wants-ca", "request-extension"),
    ("wants-names", "request-extension"),
    ("odd-serial", "device-serial"),
    ("long-serial", "device-serial"),
    ("nameless", "request-identity"),
]

ROOT = [
    Case("plan-missing", CREATE.format("@none.toml"), "file-missing", status=2),
    Case("plan-huge", CREATE.format("@huge.pem"), "file-too-large"),
    Case("plan-garbage", CREATE.format("@garbage.pem"), "plan-unreadable"),
    Case("plan-a-folder", CREATE.format("@root"), "file-unreadable"),
    Case("exists", "root create @plan.toml --home @root --passphrase-file @pass", "root-exists"),
    Case("passphrase-short", "root create @plan.toml --home @new --passphrase-file @short-pass", "passphrase-short"),
    Case("passphrase-empty", "root create @plan.toml --home @new --passphrase-file @empty-pass", "passphrase-short"),
    Case("passphrase-missing", "root create @plan.toml --home @new", "passphrase-missing"),
    Case("passphrase-nowhere", "root create @plan.toml --home @new --passphrase-file @none", "file-missing", status=2),
    Case("passphrase-huge", "root create @plan.toml --home @new --passphrase-file @huge.pem", "file-too-large"),
    Case("passphrase-closed", "root create @plan.toml --home @new --passphrase-fd 77", "passphrase-unreadable"),
    Case("passphrase-negative", "root create @plan.toml --home @new --passphrase-fd -1", "passphrase-unreadable"),
    Case("home-nowhere", "root create @plan.toml --passphrase-file @pass", "home-missing", status=2),
    Case("home-a-file", "root create @plan.toml --home @pass --passphrase-file @pass", "file-unwritable"),
    *(Case(name, SIGN.format(f"@{name}.pem"), code) for name, code in REQUESTS
      if name in ("empty", "huge", "corrupt", "forged", "rsa-1024")),
    Case("wants-ca", SIGN.format("@station-wants-ca.pem"), "request-extension"),
    Case("odd-station", SIGN.format("@odd-station.pem"), "station-name"),
    Case("device-as-station", SIGN.format("@new.pem"), "request-of-device"),
    *(Case(f"device-{name}", DEVICE_SIGN.format(f"@{name}.pem"), code) for name, code in REQUESTS
      if name in ("forged", "unknown-curve", "wants-ca", "odd-serial")),
    Case("station-as-device", DEVICE_SIGN.format("@new-station.pem"), "request-identity"),
    Case("missing", SIGN.format("@none.pem"), "file-missing", status=2),
    Case("life-short", f"{SIGN.format('@new-station.pem')} --years 9", "life-too-short"),
    Case("life-none", f"{SIGN.format('@new-station.pem')} --years 0", "life-too-short"),
    Case("life-long", f"{SIGN.format('@new-station.pem')} --years 26", "life-beyond-parent"),
    Case("life-absurd", f"{SIGN.format('@new-station.pem')} --years {10**15}", "life-beyond-parent"),
    Case("policy-wider", f"{DEVICE_SIGN.format('@new.pem')} --hostname www.example.com", "policy-wider"),
    Case("host-empty", f"{DEVICE_SIGN.format('@new.pem')} --hostname=", "not-a-host-name"),
    Case("no-passphrase", OPEN, "passphrase-missing"),
    Case("wrong-passphrase", f"{OPEN} --passphrase-file @wrong-pass", "passphrase-wrong"),
    Case("empty-passphrase", f"{OPEN} --passphrase-file @empty-pass", "passphrase-wrong"),
    Case("no-root", "root sign @new-station.pem --home @nowhere", "no-root", status=2),
    Case("expired", "root sign @new-station.pem --home @old-root --passphrase-file @pass", "issuer-expired"),
    Case("device-expired", "root sign @new.pem --device --home @old-root --passphrase-file @pass", "issuer-expired"),
]  # fmt: skip

FACTORY = [
    Case("odd-name", "factory init --name line/1 --home @new", "station-name"),
    Case("empty-name", "factory init --name= --home @new", "station-name"),
    Case("long-name", f"factory init --name {'l' * 33} --home @new", "station-name"),
    Case("other-name", "factory init --name line␣2 --home @factory", "station-exists"),
    Case("passphrase-short", f"{INIT} --passphrase-file @short-pass", "passphrase-short"),
    Case("passphrase-empty", f"{INIT} --passphrase-file @empty-pass", "passphrase-short"),
    Case("home-nowhere", "factory init --name line␣4", "home-missing", status=2),
    Case("home-a-file", "factory init --name line␣4 --home @pass", "file-unwritable"),
    Case("missing", ACCEPT.format("@none.pem"), "file-missing", status=2),
    Case("empty", ACCEPT.format("@empty.pem"), "pem-empty"),
    Case("huge", ACCEPT.format("@huge.pem"), "file-too-large"),
    Case("garbage", ACCEPT.format("@garbage.pem"), "pem-empty"),
    Case("request", ACCEPT.format("@line-2.pem"), "answer-parts"),
    Case("birth-record", ACCEPT.format("@SN0001-birth.pem"), "answer-parts"),
    Case("without-policy", ACCEPT.format("@answer-without-policy.pem"), "answer-parts"),
    Case("in-disorder", ACCEPT.format("@answer-in-disorder.pem"), "birth-order"),
    Case("other-station", ACCEPT.format("@answer-of-line-1.pem"), "wrong-key"),
    Case("other-root", f"{ACCEPT.format('@answer.pem')} --fingerprint {'AB:' * 31}AB", "wrong-root"),
    Case("second", "factory accept @answer.pem --home @factory", "wrong-key"),
    Case("no-station", "factory accept @answer.pem --home @nowhere", "no-station", status=2),
    Case("locked", "factory accept @locked-answer.pem --home @locked", "passphrase-missing"),
    *(Case(name, PROVISION.format(f"@{name}.pem"), code) for name, code in REQUESTS),
    Case("missing", PROVISION.format("@none.pem"), "file-missing", status=2),
    Case("station", PROVISION.format("@line-2.pem"), "request-identity"),
    Case("cloned", PROVISION.format("@cloned.pem"), "key-taken"),
    Case("taken", PROVISION.format("@taken.pem"), "serial-taken"),
    Case("cloned-replaced", f"{PROVISION.format('@cloned.pem')} --replace new␣board", "key-taken"),
    Case("no-reason", f"{PROVISION.format('@taken.pem')} --replace=", "replace-reason"),
    Case("odd-reason", f"{PROVISION.format('@taken.pem')} --replace \udcff", "replace-reason"),
    Case("policy-wider", f"{PROVISION.format('@new.pem')} --hostname press-{{serial}}", "policy-wider"),
    Case("public-name", f"{PROVISION.format('@new.pem')} --hostname www.example.com", "policy-wider"),
    Case("host-empty", f"{PROVISION.format('@new.pem')} --hostname=", "not-a-host-name"),
    Case("wildcard", f"{PROVISION.format('@new.pem')} --hostname *.local", "wildcard"),
    Case("leading-dot", f"{PROVISION.format('@new.pem')} --hostname .local", "policy-dns"),
    Case("life-short", f"{PROVISION.format('@new.pem')} --years 9", "life-too-short"),
    Case("life-long", f"{PROVISION.format('@new.pem')} --years 30", "life-beyond-parent"),
    Case("expired", "factory provision @new.pem --home @old-factory --out @out.pem", "issuer-expired"),
    Case("not-accepted", "factory provision @new.pem --home @waiting", "no-answer", status=2),
    Case("no-station", "factory provision @new.pem --home @nowhere", "no-station", status=2),
    Case("locked", "factory provision @new.pem --home @locked", "passphrase-missing"),
    Case("wrong-pass", "factory provision @new.pem --home @locked --passphrase-file @wrong-pass", "passphrase-wrong"),
    Case("no-ledger", "factory ledger --home @waiting", "no-ledger", status=2),
]  # fmt: skip

DEVICE = [
    *(Case(f"serial-{name}", f"device init --serial={serial} --state @new", "device-serial")
      for name, serial in {"empty": "", "space": "SN␣1", "slash": "SN/1", "start": "-SN1", "umlaut": "SÑ1",
                           "octets": "\udcff", "long": "S" * 33, "line": "SN1\n"}.items() if name != "line"),
    Case("serial-differs", "device init --serial SN0002 --state @SN0001/state", "serial-differs"),
    Case("state-a-file", "device init --serial SN1 --state @pass", "file-unwritable"),
    Case("state-below-a-file", "device init --serial SN1 --state @pass/state", "file-unwritable"),
    Case("missing", ADOPT.format("@none.pem"), "file-missing", status=2),
    Case("empty", ADOPT.format("@empty.pem"), "pem-empty"),
    Case("huge", ADOPT.format("@huge.pem"), "file-too-large"),
    Case("garbage", ADOPT.format("@garbage.pem"), "pem-empty"),
    Case("corrupt", ADOPT.format("@birth-corrupt.pem"), "pem-corrupt"),
    Case("cut", ADOPT.format("@birth-cut.pem"), "pem-corrupt"),
    Case("request", ADOPT.format("@SN0001.pem"), "pem-label"),
    Case("key", ADOPT.format("@key.pem"), "pem-label"),
    Case("other-device", ADOPT.format("@SN0002-birth.pem"), "birth-other-device"),
    Case("in-disorder", ADOPT.format("@birth-in-disorder.pem"), "birth-order"),
    Case("without-factory", ADOPT.format("@birth-without-factory.pem"), "birth-order"),
    Case("without-root", ADOPT.format("@birth-without-root.pem"), "birth-order"),
    Case("without-device", ADOPT.format("@birth-without-device.pem"), "birth-profile"),
    Case("root-alone", ADOPT.format("@root/root.pem"), "birth-count"),
    Case("expired", "device adopt @SN0003-birth.pem --state @SN0003/state", "birth-expired"),
    Case("no-state", "device adopt @SN0001-birth.pem --state @nowhere", "no-state", status=2),
]  # fmt: skip


@pytest.mark.parametrize("case", [*ROOT, *FACTORY, *DEVICE], ids=lambda case: case.id)
def test_bad_input_is_refused_and_changes_nothing(prepared: Path, dotlocal: Command, case: Case) -> None:
    """Code, exit status, a hint, no traceback, no output, and every file as it was."""
    before = tree(prepared)
    check(dotlocal(*split(case.words, prepared)), case)
    assert tree(prepared) == before


def names(**changes: object) -> dict[str, object]:
    return {"dns": ["local"], "ipv4": ["10.0.0.0/8"], "ipv6": ["fc00::/7"]} | changes


PLANS = {
    "wrong-type": (plan(years="25"), "wrong-type", "years"),
    "wrong-type-names": (plan(names=names(dns="local")), "wrong-type", "names.dns"),
    "unknown-key": (plan(organization="Acme"), "unknown-key", "organization"),
    "unknown-key-names": (plan(names=names(domains=["local"])), "unknown-key", "domains"),
    "missing-key": (plan(name=None), "missing-key", "name"),
    "host-bits": (plan(names=names(ipv4=["192.168.1.1/16"])), "address-range", "192.168.1.1/16"),
    "no-dns": (plan(names=names(dns=[])), "policy-kind-missing", "dns"),
    "no-ipv4": (plan(names=names(ipv4=[])), "policy-kind-missing", "ipv4"),
    "no-ipv6": (plan(names=names(ipv6=[])), "policy-kind-missing", "ipv6"),
    "bare-serial": (plan(names=names(dns=["{serial}"])), "policy-wider", "{serial}"),
    "key": (plan(key="P-521"), "plan-value", "P-521"),
    "years": (plan(years=0), "plan-value", "years"),
    "number": (b"years = " + b"9" * 5000, "plan-unreadable", ""),
    "host-name": (plan(name="acme.example"), "subject-is-host", "acme.example"),
}


@pytest.mark.parametrize(("name", "rehearse"), [*((name, False) for name in PLANS), ("host-bits", True)])
def test_a_bad_plan_makes_no_root(prepared: Path, dotlocal: Command, name: str, rehearse: bool) -> None:
    """Rehearsed or meant, from stdin or a file: the mistake is named, and there is no home."""
    text, code, told = PLANS[name]
    before = tree(prepared)
    words = split(CREATE.format("-"), prepared)
    done = dotlocal(*words, *(["--rehearse"] if rehearse else []), stdin=text)
    check(done, Case(name, CREATE, code))
    assert told in done.err
    assert tree(prepared) == before


UNREADABLE = [
    ("root/root.key", SIGN.format("@new-station.pem")),
    ("root/root.pem", SIGN.format("@new-station.pem")),
    ("root/transcript.json", SIGN.format("@new-station.pem")),
    ("pass", SIGN.format("@new-station.pem")),
    ("factory/station.key", PROVISION.format("@new.pem")),
    ("factory/factory.pem", PROVISION.format("@new.pem")),
    ("factory/ledger.sqlite", PROVISION.format("@new.pem")),
    ("factory/lock", PROVISION.format("@new.pem")),
    ("factory/request.pem", "factory init --name line␣1 --home @factory"),
    ("waiting/station.key", ACCEPT.format("@answer.pem")),
    ("SN0001/state/device-ca.key", ADOPT.format("@SN0001-birth.pem")),
    ("new.pem", PROVISION.format("@new.pem")),
]


@pytest.mark.parametrize(("name", "words"), UNREADABLE, ids=[name for name, _ in UNREADABLE])
def test_a_file_that_can_not_be_read(places: Path, dotlocal: Command, name: str, words: str) -> None:
    """A folder in the place of a file can't be read by anybody, root included: a code, and nothing changed."""
    path = places / name
    if path.exists():
        path.unlink()
    path.mkdir()
    before = tree(places)
    done = dotlocal(*split(words, places))
    assert (done.status, done.code) in {(1, "file-unreadable"), (1, "file-unwritable"), (1, "ledger-failed")}, done
    assert tree(places) == before


DAMAGED = [
    ("root/root.key", SIGN.format("@new-station.pem"), {"key-damaged", "passphrase-wrong"}),
    ("root/root.pem", SIGN.format("@new-station.pem"), {"pem-empty", "pem-corrupt"}),
    ("root/transcript.json", SIGN.format("@new-station.pem"), {"transcript-damaged"}),
    ("factory/station.key", PROVISION.format("@new.pem"), {"key-damaged"}),
    ("factory/factory.pem", PROVISION.format("@new.pem"), {"pem-empty", "pem-corrupt", "answer-parts"}),
    ("factory/ledger.sqlite", PROVISION.format("@new.pem"), {"ledger-failed", "ledger-version"}),
    ("factory/ledger.sqlite", "factory ledger --home @factory", {"ledger-failed", "ledger-version"}),
    ("SN0001/state/device-ca.key", ADOPT.format("@SN0001-birth.pem"), {"key-damaged", "no-state", "file-damaged"}),
]


@pytest.mark.parametrize("damage", ["empty", "garbage"])
@pytest.mark.parametrize(("name", "words", "codes"), DAMAGED, ids=[f"{w.split()[1]}-{n}" for n, w, _ in DAMAGED])
def test_a_damaged_file_of_ours(
    places: Path, dotlocal: Command, name: str, words: str, codes: set[str], damage: str
) -> None:
    """Emptied, or overwritten by a broken disk: a code, and nothing changed."""
    path = places / name
    whole = path.read_bytes()
    path.write_bytes(b"" if damage == "empty" else whole[: len(whole) // 2] + b"\xfe\xff" * 500)
    before = tree(places)
    done = dotlocal(*split(words, places))
    assert done.status in (1, 2), done
    assert done.code in codes, done
    assert tree(places) == before


WRITERS = {
    "root-create": CREATE.format("@plan.toml"),
    "root-sign": SIGN.format("@new-station.pem"),
    "root-sign-device": DEVICE_SIGN.format("@new.pem"),
    "factory-init": "factory init --name line␣4 --home @new-factory",
    "factory-accept": ACCEPT.format("@answer.pem"),
    "factory-provision": PROVISION.format("@new.pem"),
    "factory-replace": f"{PROVISION.format('@taken.pem')} --replace new␣board",
    "device-init": "device init --serial SN0009 --state @new-device",
    "device-init-force": "device init --serial SN0009 --state @SN0001/state --force",
    "device-adopt": ADOPT.format("@SN0001-birth.pem"),
    "device-adopt-first": "device adopt @SN0002-birth.pem --state @SN0002/state",
    "plan": "root plan --out @plan-2.toml",
}


def without_empty_folders(found: dict[str, str]) -> dict[str, str]:
    """A home that was made and could not be filled is not worth a complaint."""
    return {name: held for name, held in found.items() if not (held.endswith(" folder") and not _below(name, found))}


def _below(name: str, found: dict[str, str]) -> bool:
    return any(other.startswith(f"{name}/") for other in found)


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_system_that_takes_no_octet(places: Path, dotlocal: Command, name: str) -> None:
    """The limit on file sizes at 0: a coded refusal, everything as it was."""
    before = tree(places)
    words = split(WRITERS[name], places)
    done = dotlocal(*words, before=("sh", "-c", 'ulimit -f 0; exec "$@"', "sh"))
    assert (done.status, done.code) in {(1, "file-unwritable"), (1, "ledger-failed")}, done
    assert without_empty_folders(tree(places)) == without_empty_folders(before)


FULL_DISK = """\
import json, os, shutil, subprocess, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from installed import tree
places = Path(sys.argv[1])
disk = places.parent / "disk"
disk.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=True)
shutil.copytree(places, disk / "places", symlinks=True)
subprocess.run(["mount", "--bind", str(disk / "places"), str(places)], check=True)
with open(disk / "filler", "wb", buffering=0) as filler:
    try:
        while filler.write(bytes(4096)):
            pass
    except OSError:
        pass
before = tree(places)
ran = subprocess.run(sys.argv[3:], capture_output=True, text=True)
after = tree(places)
os.unlink(disk / "filler")
again = subprocess.run(sys.argv[3:], capture_output=True, text=True)
print(json.dumps([ran.returncode, ran.stdout, ran.stderr, before, after, again.returncode, again.stderr]))
"""


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk(places: Path, dotlocal: Command, name: str) -> None:
    """A tmpfs without a free page: a coded refusal, everything as it was, and the same words succeed later."""
    words = [str(dotlocal.path), *split(WRITERS[name], places)]
    script = [*private_mounts(), sys.executable, "-c", FULL_DISK, str(places), str(Path(__file__).parents[1]), *words]
    ran = Command(Path(script[0]))(*script[1:])
    assert ran.status == 0, ran
    status, out, err, before, after, again, complaint = json.loads(ran.out)
    done = Done(tuple(words), status, out, err)
    assert "Traceback" not in err, err
    assert (done.status, done.code) in {(1, "file-unwritable"), (1, "ledger-failed")}, done
    assert without_empty_folders(after) == without_empty_folders(before)
    assert again == 0, complaint
