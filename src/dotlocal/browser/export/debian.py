"""A Debian package (deb(5)) with the root: an `ar` of three members, two of them tar archives.

Written here and not by dpkg-deb: see ADR 0014. The tar archives are not compressed, so that the same root gives the
same octets whatever compressor this Python has; dpkg reads them so since 1.17.6, of 2014.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping

from dotlocal.browser.export import chromium
from dotlocal.browser.export.handout import File, Handout, Said, filled


def files(handout: Handout) -> list[File]:
    """The package."""
    name = handout.entry
    package_name = f"{name}_{handout.version}_all.deb"
    return [
        File(
            f"linux/{package_name}", package(handout),
            Said(
                f"Debian, Ubuntu and their relatives: `sudo apt install ./{package_name}`. The system's trust anchors"
                " (curl, wget, Python, Java of the distribution), and Chrome, Chromium and Edge by policy; not Firefox",
                f"Debian, Ubuntu und verwandte: `sudo apt install ./{package_name}`. Die Vertrauensanker des"
                " Systems (curl, wget, Python, Java der Distribution) sowie Chrome, Chromium und Edge per"
                " Richtlinie; nicht Firefox",
            ),
            Said(f"`sudo apt remove {name}`", f"`sudo apt remove {name}`"),
        )
    ]  # fmt: skip


def package(handout: Handout) -> bytes:
    """The .deb: anchor and browser policies, and the scripts that have the system take notice."""
    name = handout.entry
    data = {f"usr/share/{name}/{handout.entry}.crt": handout.pem.encode()}
    data |= {f"{folder[1:]}/{handout.entry}.json": chromium.linux(handout) for folder in chromium.MANAGED}
    control = {
        "control": _control(handout, sum(map(len, data.values()))).encode(),
        "md5sums": "".join(f"{_md5(data[path])}  {path}\n" for path in sorted(data)).encode(),
        "postinst": filled(handout, "debian-postinst.sh", MANAGED=" ".join(chromium.MANAGED)).encode(),
        # not postrm: dpkg keeps a package's name for as long as there is a postrm that a purge might call
        "prerm": filled(handout, "debian-prerm.sh").encode(),
    }
    members = {
        "debian-binary": b"2.0\n",
        "control.tar": tar(control, handout.date, executable=("postinst", "prerm")),
        "data.tar": tar(data, handout.date),
    }
    return ar(members, handout.date)


def ar(members: Mapping[str, bytes], date: int) -> bytes:
    """An archive in the common format of ar(5), names of at most 16 characters."""
    out = [b"!<arch>\n"]
    for name, contents in members.items():
        # name, date, owner, group, mode (octal), size: each with blanks to its width, then the mark
        out.append(f"{name:<16}{date:<12}{0:<6}{0:<6}{0o100644:<8o}{len(contents):<10}`\n".encode("ascii"))
        out.append(contents + b"\n" * (len(contents) % 2))
    return b"".join(out)


def tar(contents: Mapping[str, bytes], date: int, *, executable: tuple[str, ...] = ()) -> bytes:
    """An archive of files with the folders above them, all of root's and of one date."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        folders = {"/".join(path.split("/")[:depth]) for path in contents for depth in range(1, path.count("/") + 1)}
        for folder in ("", *sorted(folders)):
            archive.addfile(_member(f"./{folder}", date, 0o755, tarfile.DIRTYPE))
        for path, data in sorted(contents.items()):
            member = _member(f"./{path}", date, 0o755 if path in executable else 0o644, tarfile.REGTYPE)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _member(name: str, date: int, mode: int, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime, member.uname, member.gname = kind, mode, date, "root", "root"
    return member


def _control(handout: Handout, octets: int) -> str:
    name = handout.entry
    fields = {
        "Package": name, "Version": handout.version, "Architecture": "all",
        "Maintainer": f"{handout.maker} <nobody@invalid>", "Installed-Size": str(-(-octets // 1024)),
        "Depends": "ca-certificates", "Section": "misc", "Priority": "optional",
        "Description": (
            f"root certificate {handout.label}\n"
            " Among the system's trust anchors, and in the policies of Chrome, Chromium and Edge.\n"
            f" SHA-256 {handout.fingerprint}"
        ),
    }  # fmt: skip
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()  # what `dpkg --verify` compares
