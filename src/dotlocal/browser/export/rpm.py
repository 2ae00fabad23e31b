"""An RPM package with the root: its spec and sources, and the package itself where there is rpmbuild."""

from __future__ import annotations

from dotlocal.browser.export import chromium
from dotlocal.browser.export.handout import File, Handout, Said, filled

_FOLDER = "linux/rpm"


def files(handout: Handout) -> list[File]:
    """The spec with its sources, from which anybody can build the package."""
    name = handout.entry
    source = Said(f"a source of `{name}.spec`", f"eine Quelle von `{name}.spec`")
    none = Said("not needed", "nicht nötig")
    return [
        File(
            f"{_FOLDER}/{name}.spec", spec(handout).encode(),
            Said(
                "what the .rpm is made from, and how, for whoever builds packages themselves",
                "woraus das .rpm gemacht ist, und wie; für alle, die ihre Pakete selbst bauen",
            ),
            none,
        ),
        File(f"{_FOLDER}/{handout.entry}.crt", handout.pem.encode(), source, none, part=True),
        File(f"{_FOLDER}/{handout.entry}.json", chromium.linux(handout), source, none, part=True),
    ]  # fmt: skip


def spec(handout: Handout) -> str:
    """The spec."""
    return filled(handout, "root.spec", MANAGED=" ".join(chromium.MANAGED))


def built(handout: Handout, contents: bytes) -> File:
    """The package, once rpmbuild has made it."""
    name = handout.entry
    package = f"{name}-{handout.version}-1.noarch.rpm"
    return File(
        f"linux/{package}", contents,
        Said(
            f"Fedora, RHEL and their relatives: `sudo dnf install ./{package}`; SUSE: `sudo zypper install"
            f" --allow-unsigned-rpm ./{package}`. The system's trust anchors (browsers too, on Fedora), and Chrome,"
            " Chromium and Edge by policy",
            f"Fedora, RHEL und verwandte: `sudo dnf install ./{package}`; SUSE: `sudo zypper install"
            f" --allow-unsigned-rpm ./{package}`. Die Vertrauensanker des Systems (auf Fedora auch Browser) sowie"
            " Chrome, Chromium und Edge per Richtlinie",
        ),
        Said(f"`sudo dnf remove {name}`, or `zypper`", f"`sudo dnf remove {name}` oder `zypper`"),
    )  # fmt: skip
