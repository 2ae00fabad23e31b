"""The keystores of every Java here. Java's own keytool reads and writes; a new file replaces the old one."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import bundle
from dotlocal.browser.stores.store import Holding
from dotlocal.browser.witness import Verdict, Witness
from dotlocal.core.errors import Refused
from dotlocal.host import files
from dotlocal.host.commands import Ran

KIND = "java"
PASSWORD = "changeit"  # what every Java is delivered with
_SECONDS = 60.0
_MOST_OCTETS = 32 << 20
_WHERE = (  # parents of Java homes
    "/usr/lib/jvm", "/usr/lib64/jvm", "/usr/java", "/opt/java", "/Library/Java/JavaVirtualMachines",
)  # fmt: skip
_WHERE_AT_HOME = (".sdkman/candidates/java", ".jdks", "Library/Java/JavaVirtualMachines")
_INSIDE = ("lib/security/cacerts", "jre/lib/security/cacerts")
_SYSTEM_MADE = ("/etc/pki/", "/var/lib/ca-certificates/", "/etc/ca-certificates/")
_ENTRY = re.compile(r"^Alias name: (.+?)$(.*?)(?=^Alias name: |\Z)", re.M | re.S)
_QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.language=en"
# keytool fetches an address over TLS with Java's own trust manager, and then finds that the page is no revocation list
_PAGE = re.compile(r"CRLException|Server returned HTTP response code|FileNotFoundException|ProtocolException")
_CERTIFICATE = "PKIX|CertPath|[Cc]ertificate chain|subject alternative|hostname"
_REFUSAL = re.compile(rf"keytool error: \S*Exception: (?:\(\w+\) )?(.*(?:{_CERTIFICATE}).*)")
# Java follows redirections, and knows no host but the device: another one that it can't find was named by an answer
_REDIRECTED = re.compile(r"UnknownHostException: (\S+)")


@dataclass(frozen=True, slots=True)
class Java:
    """One Java home: its keytool, its keystore (links followed), and its version."""

    keytool: str
    keystore: str
    version: tuple[int, ...]


def find(machine: Machine, password: str = PASSWORD) -> list[Keystore]:
    """Each keystore once, with the oldest Java that uses it: what that one writes, newer ones read. As root only those
    that are root's own: whoever owns a keytool would decide what root does.
    """
    by_keystore: dict[str, Java] = {}
    for java in _javas(machine):
        before = by_keystore.get(java.keystore)
        if not _anothers(machine, java) and (before is None or java.version < before.version):
            by_keystore[java.keystore] = java
    return [Keystore(machine, java, password) for java in by_keystore.values()]


def left_alone(machine: Machine) -> list[Refused]:
    """Those that are not root's own, where it is root who asks."""
    return [
        Refused(
            "store-anothers-home", f"{java.keystore} is not root's own, and its keytool would run as root",
            hint="run this as its owner as well, without sudo",
        )
        for java in dict.fromkeys(_javas(machine)) if _anothers(machine, java)
    ]  # fmt: skip


class Keystore:
    """One keystore."""

    kind = KIND
    idle = ""
    afterwards = ""

    def __init__(self, machine: Machine, java: Java, password: str) -> None:
        self._machine = machine
        self._java = java
        self._password = password
        self.place = java.keystore
        self.everybody = not java.keystore.startswith(machine.home + os.sep)
        folder = os.path.dirname(java.keystore)
        self.needs_root = not machine.root and not (os.access(java.keystore, os.W_OK) and os.access(folder, os.W_OK))

    def holds(self, anchor: Anchor) -> Holding:
        """By the DER of each entry; an entry that the system's hook made from our file is ours."""
        names = [alias for alias, der in self._entries() if der == anchor.der]
        ours = tuple(name for name in names if anchor.entry in name)
        return Holding(ours, tuple(name for name in names if name not in ours), bool(names))

    def install(self, anchor: Anchor) -> None:
        """Into a copy, which then takes the place of the keystore."""
        if self.place.startswith(_SYSTEM_MADE):
            raise Refused(
                "store-managed", f"{self.place} is made by the system's own command, which would undo it",
                hint="install the root into the system's store; Java follows",
            )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "root.cer")
            files.write(path, anchor.der)
            self._rewrite([["-importcert", "-noprompt", "-trustcacerts", "-alias", anchor.entry, "-file", path]])

    def remove(self, anchor: Anchor, *, others: bool) -> None:
        """By alias, in a copy."""
        holding = self.holds(anchor)
        names = (*holding.ours, *(holding.others if others else ()))
        if names:
            self._rewrite([["-delete", "-alias", name] for name in names])

    def certificates(self) -> Iterator[bytes]:
        """All in it."""
        return iter([der for _, der in self._entries()])

    def by_hand(self, anchor: Anchor, file: str) -> Sequence[str]:
        """With keytool; it asks for the password."""
        sudo = "sudo " if self.needs_root else ""
        where = f"-keystore {shlex.quote(self.place)}"
        keytool = shlex.quote(self._java.keytool)
        return (f"{sudo}{keytool} -importcert {where} -alias {anchor.entry} -file {shlex.quote(file)}",)

    def by_hand_removal(self, anchor: Anchor, names: Sequence[str] = ()) -> Sequence[str]:
        """With keytool."""
        sudo = "sudo " if self.needs_root else ""
        where = f"{sudo}{shlex.quote(self._java.keytool)} -delete -keystore {shlex.quote(self.place)}"
        return [f"{where} -alias {shlex.quote(name)}" for name in names or (anchor.entry,)]

    def ask(self, witness: Witness) -> Sequence[Verdict]:
        """A Java with this keystore opens the device's page."""
        with tempfile.TemporaryDirectory() as folder:
            hosts = os.path.join(folder, "hosts")
            files.write(hosts, f"{witness.address} {witness.host}\n".encode())
            settings = {
                "javax.net.ssl.trustStore": self.place, "javax.net.ssl.trustStorePassword": self._password,
                "jdk.net.hosts.file": hosts, "sun.net.client.defaultConnectTimeout": "10000",
                "sun.net.client.defaultReadTimeout": "10000",
            }  # fmt: skip
            options = " ".join((_QUICK, *(f"-D{name}={_word(value)}" for name, value in settings.items())))
            words = [self._java.keytool, "-printcrl", "-file", f"https://{witness.text}/"]
            try:
                ran = self._machine.run(words, seconds=_SECONDS, more={"JAVA_TOOL_OPTIONS": options})
            except Refused as refused:
                return [Verdict("Java", witness.text, None, refused.message)]
        return [verdict(witness, ran)]

    def _entries(self) -> list[tuple[str, bytes]]:
        listing = self._keytool(["-list", "-rfc"], self.place)
        found = []
        for alias, body in _ENTRY.findall(listing):
            found += [(alias.strip(), der) for der in list(bundle.certificates(body.encode()))[:1]]
        return found

    def _rewrite(self, commands: Sequence[Sequence[str]]) -> None:
        """Carry out keytool commands on a copy beside the keystore, and put it in its place, whole or not at all."""
        contents = files.read(self.place, most=_MOST_OCTETS)
        beside = os.path.join(os.path.dirname(self.place), f".cacerts.{os.getpid()}.tmp")
        try:
            before = os.stat(self.place)
            files.write(beside, contents, mode=before.st_mode & 0o777)
            for command in commands:
                self._keytool(command, beside)
            os.chown(beside, before.st_uid, before.st_gid)
            os.rename(beside, self.place)
        except OSError as error:
            raise Refused("file-unwritable", f"{self.place} can't be replaced: {error.strerror}") from None
        finally:
            files.remove(beside)

    def _keytool(self, words: Sequence[str], keystore: str) -> str:
        # the password goes by a variable: words can be seen by everybody on this computer
        command = [self._java.keytool, *words, "-keystore", keystore, "-storepass:env", "DOTLOCAL_STOREPASS"]
        more = {"DOTLOCAL_STOREPASS": self._password, "JAVA_TOOL_OPTIONS": _QUICK}
        ran = self._machine.run(command, seconds=_SECONDS, more=more)
        if not ran.status:
            return ran.out
        said = _said(ran.out) or ran.said
        if "password was incorrect" in said:
            raise Refused(
                "store-password", f"{keystore} has another password", hint="give it with --java-password-file"
            )
        raise Refused("store-broken", f"keytool can't use {keystore}: {said}", hint="is it a keystore, and undamaged?")


def verdict(witness: Witness, ran: Ran) -> Verdict:
    """What keytool's words mean: the certificate refused, an answer received, or neither."""
    if refusal := _REFUSAL.search(ran.out):
        return Verdict("Java", witness.text, False, refusal[1][:200])
    elsewhere = _REDIRECTED.search(ran.out)
    if _PAGE.search(ran.out) or not ran.status or (elsewhere and elsewhere[1] != witness.host.text):
        return Verdict("Java", witness.text, True, "trusted")
    return Verdict("Java", witness.text, None, _said(ran.out) or ran.said)


def _word(value: str) -> str:
    return f'"{value}"' if " " in value else value


def _said(out: str) -> str:
    lines = [line.strip() for line in out.splitlines() if "error" in line]
    return lines[0][:200] if lines else ""


def _homes(machine: Machine) -> Iterator[str]:
    named = machine.environment.get("JAVA_HOME", "")
    if named:
        yield named
    for parent in (*(machine.path(each) for each in _WHERE), *(machine.at_home(each) for each in _WHERE_AT_HOME)):
        try:
            names = sorted(os.listdir(parent))
        except OSError:
            continue
        for name in names:
            yield os.path.join(parent, name)
            yield os.path.join(parent, name, "Contents", "Home")
    on_path = machine.run.find("keytool")
    if on_path:
        yield os.path.dirname(os.path.dirname(os.path.realpath(on_path)))


def _javas(machine: Machine) -> Iterator[Java]:
    for home in _homes(machine):
        java = _java(os.path.realpath(home), machine.system)  # a link could lead elsewhere by the time that it is run
        if java:
            yield java


def _anothers(machine: Machine, java: Java) -> bool:
    if not machine.root or machine.system == "win32":
        return False
    return not all(_roots(path) for path in (java.keytool, os.path.realpath(java.keytool), java.keystore))


def _roots(path: str) -> bool:
    """Whether a file and every folder above it are root's, and nobody else may put another one in its place."""
    try:
        while True:
            found = os.stat(path)
            if found.st_uid != 0 or found.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
                return False
            if path == os.path.dirname(path):
                return True
            path = os.path.dirname(path)
    except OSError:
        return False


def _java(home: str, system: str) -> Java | None:
    keytool = shutil.which(os.path.join(home, "bin", "keytool.exe" if system == "win32" else "keytool"))
    keystore = next((path for path in (os.path.join(home, each) for each in _INSIDE) if os.path.isfile(path)), None)
    if not keytool or not keystore:
        return None
    try:
        release = files.read(os.path.join(home, "release"), most=1 << 16).decode(errors="replace")
    except Refused:
        release = ""
    match = re.search(r'^JAVA_VERSION="([0-9._]+)', release, re.M)
    version = tuple(int(number) for number in re.findall(r"\d+", match[1])) if match else (0,)
    return Java(keytool, os.path.realpath(keystore), version)
