"""The system stores of Linux: a folder for the administrator's roots, and a command that makes the bundles from it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import bundle
from dotlocal.browser.stores.store import Holding
from dotlocal.browser.witness import Verdict, Witness
from dotlocal.core.errors import Refused
from dotlocal.host import files

_SECONDS = 120  # the hook for Java takes seconds, and on a small machine tens of them
_MOST_FILES = 2000


@dataclass(frozen=True, slots=True)
class Layout:
    """How one family of distributions does it."""

    kind: str
    anchors: str
    suffix: str
    update: tuple[str, ...]
    made: str
    hooks: str
    cite: str


LAYOUTS = (
    Layout("debian", "/usr/local/share/ca-certificates", ".crt", ("update-ca-certificates",),
           "/etc/ssl/certs/ca-certificates.crt", "/etc/ca-certificates/update.d", "update-ca-certificates(8)"),
    Layout("fedora", "/etc/pki/ca-trust/source/anchors", ".pem", ("update-ca-trust", "extract"),
           "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "", "update-ca-trust(8)"),
    Layout("arch", "/etc/ca-certificates/trust-source/anchors", ".crt", ("update-ca-trust",),
           "/etc/ca-certificates/extracted/tls-ca-bundle.pem", "", "update-ca-trust(8) of Arch Linux"),
    Layout("suse", "/etc/pki/trust/anchors", ".pem", ("update-ca-certificates",),
           "/var/lib/ca-certificates/ca-bundle.pem", "", "update-ca-certificates(8) of openSUSE"),
)  # fmt: skip


def find(machine: Machine) -> list[SystemStore]:
    """The store of this system: none where there is neither folder nor command, at most one else."""
    for layout in LAYOUTS if machine.system.startswith("linux") else ():
        if os.path.isdir(machine.path(layout.anchors)) and machine.run.find(layout.update[0]):
            return [SystemStore(machine, layout)]
    return []


class SystemStore:
    """The store of the whole system; programs read the bundle that its command makes."""

    idle = ""
    afterwards = ""
    everybody = True

    def __init__(self, machine: Machine, layout: Layout) -> None:
        self._machine = machine
        self._layout = layout
        self._anchors = machine.path(layout.anchors)
        self._made = machine.path(layout.made)
        self.kind = layout.kind
        self.place = layout.made
        self.needs_root = not machine.root

    def holds(self, anchor: Anchor) -> Holding:
        """Trusted is what stands in the bundle."""
        ours = self._file(anchor)
        others = [path for path in self._files() if path != ours and anchor.der in bundle.in_file(path)]
        own = (ours,) if anchor.der in bundle.in_file(ours) else ()
        trusted = anchor.der in bundle.in_file(self._made)
        if trusted and not own and not others:
            others = [f"{self._made}, by the distribution or another program"]
        return Holding(own, tuple(others), trusted)

    def install(self, anchor: Anchor) -> None:
        """File, then command; both undone when it doesn't end in the bundle."""
        path = self._file(anchor)
        files.write(path, anchor.pem.encode())
        try:
            self._update()
            if anchor.der not in bundle.in_file(self._made):
                raise Refused(
                    "store-not-kept", f"`{' '.join(self._layout.update)}` ended well, and {self._made} lacks the root",
                    hint="is it read-only, or made by something else?",
                )  # fmt: skip
        except BaseException:
            with suppress(Refused):  # what went wrong first is what is told
                self._take_out([path])
            raise

    def remove(self, anchor: Anchor, *, others: bool) -> None:
        """Files, links, bundle, and what hooks made of them; the files are put back when the command fails."""
        holding = self.holds(anchor)
        foreign = [path for path in holding.others if os.path.isfile(path)]
        paths = [*holding.ours, *(foreign if others else ())]
        kept = {path: files.read(path) for path in paths}
        try:
            self._take_out(paths)
            if (others or not holding.others) and anchor.der in bundle.in_file(self._made):
                raise Refused("store-not-kept", f"{self._made} still has the root; {self._anchors} doesn't")
        except BaseException:
            with suppress(Refused):
                for path, contents in kept.items():
                    files.write(path, contents)
                self._update()
            raise

    def certificates(self) -> Iterator[bytes]:
        """Those of the bundle, and those that wait in the folder."""
        yield from bundle.in_file(self._made)
        for path in self._files():
            yield from bundle.in_file(path)

    def by_hand(self, anchor: Anchor, file: str) -> Sequence[str]:
        """Copy, then update."""
        target = f"{self._layout.anchors}/{anchor.entry}{self._layout.suffix}"
        return (
            f"sudo install -m 644 {shlex.quote(file)} {target}",
            f"sudo {' '.join(self._layout.update)}",
        )

    def by_hand_removal(self, anchor: Anchor, names: Sequence[str] = ()) -> Sequence[str]:
        """Delete, then update; Debian leaves links behind unless told otherwise."""
        fresh = " --fresh" if self._layout.hooks else ""
        paths = [name for name in names if os.path.isfile(name)] or (
            f"{self._layout.anchors}/{anchor.entry}{self._layout.suffix}",
        )
        return (
            f"sudo rm {' '.join(shlex.quote(path) for path in paths)}",
            f"sudo {' '.join(self._layout.update)}{fresh}",
        )

    def ask(self, witness: Witness) -> Sequence[Verdict]:
        """OpenSSL and GnuTLS with the bundle."""
        return bundle.ask(self._machine.run, self._made, witness)

    def _file(self, anchor: Anchor) -> str:
        return os.path.join(self._anchors, anchor.entry + self._layout.suffix)

    def _files(self) -> list[str]:
        found = []
        for folder, _, names in os.walk(self._anchors):
            found += [os.path.join(folder, name) for name in sorted(names) if name.endswith((".crt", ".pem", ".cer"))]
        return found[:_MOST_FILES]

    def _update(self) -> None:
        ran = self._machine.run(self._layout.update, seconds=_SECONDS)
        if ran.status:
            raise Refused("store-command", f"`{' '.join(self._layout.update)}` failed: {ran.said}")

    def _take_out(self, paths: list[str]) -> None:
        for path in paths:
            try:
                os.unlink(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise Refused("file-unwritable", f"{path} can't be removed: {error.strerror}") from None
        gone = self._unlink(paths) if self._layout.hooks else []
        self._update()
        self._tell_hooks(gone)

    def _unlink(self, paths: list[str]) -> list[str]:
        """Debian's command leaves the links of a deleted file behind, and tells no hook: Java's store would keep it."""
        folder = os.path.dirname(self._made)
        links = {entry.path: os.readlink(entry.path) for entry in os.scandir(folder) if entry.is_symlink()}
        gone = sorted(link for link, target in links.items() if target in paths)
        hashed = {os.path.basename(link) for link in gone}
        for link, target in links.items():
            if link in gone or target in hashed:
                files.remove(link)
        return gone

    def _tell_hooks(self, gone: list[str]) -> None:
        folder = self._machine.path(self._layout.hooks)
        if not gone or not os.path.isdir(folder):
            return
        told = "".join(f"-{link}\n" for link in gone).encode()
        for name in sorted(os.listdir(folder)):
            hook = os.path.join(folder, name)
            if os.access(hook, os.X_OK):
                self._machine.run([hook], seconds=_SECONDS, stdin=told)
