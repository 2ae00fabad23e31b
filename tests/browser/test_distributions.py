"""Fedora, Arch and SUSE: their folders and the real p11-kit that makes their bundles, on Debian.

Not real is the distribution's own script around `trust extract`: a shell script of ours stands for `update-ca-trust`
and SUSE's `update-ca-certificates`, with the words that theirs call it with.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import roots

import tools
from computer import Computer
from dotlocal.browser.stores.system import LAYOUTS, Layout
from told import Told

# where the trust module of the distribution reads, besides its own roots
SOURCES = {"fedora": "/etc/pki/ca-trust/source", "arch": "/etc/ca-certificates/trust-source", "suse": "/etc/pki/trust"}
OTHERS = tuple(layout for layout in LAYOUTS if layout.kind in SOURCES)


def become(desk: Computer, layout: Layout) -> str:
    """Turn the computer into one of that distribution, as far as roots go; the PATH with its command in front."""
    tools.program("trust")
    programs = desk.home.parent / "sbin"
    programs.mkdir()
    script = programs / layout.update[0]
    words = "--comment --format=pem-bundle --filter=ca-anchors --overwrite --purpose=server-auth"
    script.write_text(f"#!/bin/sh\n# stands for the distribution's own\nexec trust extract {words} {layout.made}\n")
    script.chmod(0o755)
    module = "/usr/share/p11-kit/modules/p11-kit-trust.module"
    changed = desk.home.parent / "module"
    desk.shell(f"""
        mount -t tmpfs none /usr/local/share
        mkdir -p {layout.anchors} {Path(layout.made).parent}
        sed "s#^x-init-reserved:.*#x-init-reserved: paths='{SOURCES[layout.kind]}'#" {module} > {changed}
        mount --bind {changed} {module}
    """)
    return f"{programs}:{desk.dotlocal.env()['PATH']}:/usr/sbin"


@pytest.mark.parametrize("layout", OTHERS, ids=lambda layout: layout.kind)
def test_a_distribution_of_p11_kit_takes_the_root_and_gives_it_back(
    desk: Computer, told: Told, device: str, layout: Layout
) -> None:
    """Installed into its folder, in the bundle that p11-kit makes, accepted by OpenSSL and GnuTLS; then gone."""
    path = become(desk, layout)
    (desk.home / "other.pem").write_bytes(roots.pem(roots.make(*roots.LOCAL, name="Somebody Else's")))
    desk.run("cp", desk.home / "other.pem", layout.anchors)
    desk.shell(f"PATH={path} {' '.join(layout.update)}")
    before = desk.shell(f"find {layout.anchors} {layout.made} -type f -exec sha256sum {{}} +")
    words = ("--store", "system", "--probe", device)
    (store,) = desk.report("install", told.root, "--yes", *words, PATH=path)["stores"]
    assert (store["kind"], store["what"], store["proof"]) == (layout.kind, "installed", "probed")
    (store,) = desk.report("remove", told.root, *words, PATH=path)["stores"]
    assert (store["what"], store["trusted"]) == ("removed", False)
    assert desk.shell(f"find {layout.anchors} {layout.made} -type f -exec sha256sum {{}} +") == before
