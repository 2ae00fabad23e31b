"""What boot makes for help pages: nothing unless asked, then a probe with a key of its own, fresh at every boot."""

from __future__ import annotations

from pathlib import Path

import pytest
from booting import NOW, Device, make_device, served, surroundings
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from dotlocal.core import pem
from dotlocal.core.errors import Refused
from dotlocal.core.verify import verify
from dotlocal.device import configuration, probe
from dotlocal.device import settings as device_settings
from dotlocal.testing import parse_host


@pytest.fixture
def device(tmp_path: Path) -> Device:
    made = make_device(tmp_path)
    made.settings.serve_http_listen = ":80"
    return made


def probes(device: Device) -> list[tuple[bytes, list]]:
    """Key and chain of each file."""
    folder = served(device.run).folder
    found = []
    for number in range(probe.CERTIFICATES):
        data = (folder / probe.file(number)).read_bytes()
        key = load_pem_private_key(data, None)
        point = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        chain = data[data.index(b"-----BEGIN CERTIFICATE") :]
        found.append((point, list(pem.certificates(chain, "probe"))))
    return found


def test_a_device_without_help_pages_makes_nothing_for_them(tmp_path):
    """No setting, no key, no file, and no module loaded for it."""
    device = make_device(tmp_path)
    device.boot()
    assert not [
        path.name for path in served(device.run).folder.iterdir() if "probe" in path.name or "root" in path.name
    ]


@pytest.mark.parametrize("setting", ["serve_http_listen", "serve_probe_listen"])
def test_either_setting_asks_for_them(tmp_path, setting):
    """The pages may be another server's, with the probe alone being ours."""
    device = make_device(tmp_path)
    setattr(device.settings, setting, ":7443")
    device.boot()
    assert (served(device.run).folder / probe.ROOT).exists()


def test_the_probe_has_a_key_of_its_own(device):
    """An exception for the HTTPS port, for this key or this certificate, is none for the probe."""
    device.boot()
    here = served(device.run)
    points = {point for point, _ in probes(device)}
    assert len(points) == 1
    (point,) = points
    assert point != here.leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_every_probe_certificate_is_another_one_that_a_browser_accepts(device):
    """Eight serial numbers, each chain accepted under the root, by name and by address."""
    device.boot()
    chains = [chain for _, chain in probes(device)]
    assert len({chain[0].serial_number for chain in chains} | {served(device.run).leaf.serial_number}) == 9
    for chain in chains:
        for host in ("press-07.local", "192.168.77.7"):
            assert not verify(tuple(chain), device.record.root, parse_host(host), NOW)


def test_a_boot_makes_the_probe_anew(device):
    """Nothing that somebody let pass yesterday is served today, also where the server's own key is kept."""
    device.settings.keep_while_unchanged = True
    device.boot()
    before, kept = probes(device), served(device.run).leaf
    device.boot()
    assert served(device.run).leaf == kept
    assert not {point for point, _ in before} & {point for point, _ in probes(device)}


def test_keys_are_for_their_owner_and_the_root_for_everybody(device):
    """probe-0.pem 0600, root.pem 0644: the root is public, the folder's mode decides."""
    device.boot()
    folder = served(device.run).folder
    assert (folder / probe.file(0)).stat().st_mode & 0o777 == 0o600
    assert (folder / probe.ROOT).stat().st_mode & 0o777 == 0o644
    (root,) = pem.certificates((folder / probe.ROOT).read_bytes(), "root")
    assert root == device.record.root


def test_with_nothing_to_name_there_is_no_probe(device):
    """A self-signed certificate proves nothing to anybody."""
    device.settings.suffixes = False
    around = surroundings("press-07", "8.8.8.8")
    report = device.boot(around=around)
    assert not report["names"]
    assert not (device.run / "current" / probe.file(0)).exists()


def test_the_settings_survive_being_kept():
    """device.toml → settings → text → settings."""
    text = b'[serve]\nhttp_listen = ":80"\nprobe_listen = "[::1]:7443"\nredirect = true\nhsts = true\n'
    kept = device_settings.load(configuration.parse(text, "").dump())
    assert (kept.serve_http_listen, kept.serve_probe_listen) == (":80", "[::1]:7443")
    assert kept.serve_redirect
    assert kept.serve_hsts
    assert kept.helps


@pytest.mark.parametrize("text", [b"[serve]\nhttp_listen = 80", b"[serve]\nhsts = 1", b'[serve]\nredirect = "yes"'])
def test_a_wrong_type_is_named(text):
    """HOST:PORT is a string, a switch is true or false."""
    with pytest.raises(Refused) as refused:
        configuration.parse(text, "")
    assert refused.value.code == "wrong-type"
