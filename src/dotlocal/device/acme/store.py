"""What is kept of ACME in the state, as owned/acme-…: settings, the account and its key, the record of attempts."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dotlocal.core.errors import Absent, Refused
from dotlocal.device.acme import settings, standing
from dotlocal.device.acme.record import Record
from dotlocal.device.acme.settings import AcmeSettings
from dotlocal.device.store import OWNED, State
from dotlocal.host import files, keys

if TYPE_CHECKING:
    from dotlocal.host.keys import Key

SETTINGS, MAC_KEY, ACCOUNT, KEY, NEXT_KEY, RECORD = (
    standing.SETTINGS, "acme-eab.key", "acme-account", "acme-account.key", "acme-next.key", standing.RECORD,
)  # fmt: skip
_LOCK = "acme-lock"
_LOCK_SECONDS = 5
_EVERYTHING = (KEY, NEXT_KEY, MAC_KEY, ACCOUNT, RECORD, SETTINGS)


@dataclass(frozen=True, slots=True)
class Account:
    """Where the account is: at which directory, under which URL, with which contacts."""

    directory: str = ""
    url: str = ""
    contact: tuple[str, ...] = ()


class AcmeStore:
    """The files acme-… in the folder `owned` of a state, for its owner's eyes alone."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._folder = state.file(OWNED)

    def file(self, name: str) -> str:
        """The path of one of its files."""
        return os.path.join(self._folder, name)

    def lock(self) -> files.Lock:
        """One attempt at a time; refuses `busy`."""
        files.folder(self._folder, mode=0o700)
        return files.Lock(self.file(_LOCK), _LOCK_SECONDS)

    def settings(self) -> AcmeSettings:
        """What was set up; refuses `acme-not-set-up` and `acme-settings-damaged`."""
        text = self._text(SETTINGS)
        if not text:
            raise Absent(
                "acme-not-set-up", "no ACME server was set up on this device",
                hint="`dotlocal device own acme --directory URL --name NAME --ca-file ROOT.pem`",
            )  # fmt: skip
        return settings.load(text)

    def save_settings(self, wanted: AcmeSettings, mac_key: bytes) -> None:
        """Keep settings and the external account's key, if there is one, and begin a new record; refuses
        `file-unwritable`.
        """
        files.destroy(self.file(RECORD))
        if mac_key:
            files.write(self.file(MAC_KEY), mac_key, mode=0o600)
        else:
            files.destroy(self.file(MAC_KEY))
        files.write(self.file(SETTINGS), wanted.dump().encode(), mode=0o600)

    def keep(self) -> dict[str, bytes]:
        """Everything as it is, for `restore`."""
        return {name: files.read(self.file(name)) for name in _EVERYTHING if os.path.exists(self.file(name))}

    def restore(self, before: dict[str, bytes]) -> None:
        """Everything as it was when `keep` was called, the settings last."""
        for name in _EVERYTHING:
            if name in before:
                files.write(self.file(name), before[name], mode=0o600)
            else:
                files.destroy(self.file(name))

    def mac_key(self) -> bytes:
        """The external account's key, or nothing."""
        return files.read(self.file(MAC_KEY)) if os.path.exists(self.file(MAC_KEY)) else b""

    def account(self) -> Account:
        """The account, or one without a URL where there is none, or none that can be read."""
        try:
            table = json.loads(self._text(ACCOUNT) or "{}")
            return Account(str(table["directory"]), str(table["url"]), tuple(map(str, table["contact"])))
        except (ValueError, KeyError, TypeError, RecursionError):
            return Account()

    def save_account(self, account: Account) -> None:
        """Keep where the account is."""
        table = {"directory": account.directory, "url": account.url, "contact": list(account.contact)}
        files.write(self.file(ACCOUNT), (json.dumps(table) + "\n").encode(), mode=0o600)

    def key(self) -> Key:
        """The account's key, which is made where there is none; refuses `key-damaged`."""
        text = self._text(KEY)
        if text:
            return keys.read_pem(text)
        key = keys.generate()
        self._save_key(KEY, key)
        return key

    def next_key(self) -> Key | None:
        """The key that a roll-over has begun with, or None."""
        text = self._text(NEXT_KEY)
        return keys.read_pem(text) if text else None

    def begin_roll_over(self) -> Key:
        """A new key, kept beside the old one before the server hears of it: one of the two is the account's."""
        key = keys.generate()
        self._save_key(NEXT_KEY, key)
        return key

    def end_roll_over(self, *, done: bool) -> None:
        """Put the new key in the old one's place, or forget it."""
        if done:
            os.replace(self.file(NEXT_KEY), self.file(KEY))
            files.sync_folder(self._folder)
        else:
            files.remove(self.file(NEXT_KEY))

    def record(self) -> Record:
        """What is known of the last attempts; an empty one where there is none, or a torn one."""
        return standing.load(self._state)

    def save_record(self, kept: Record) -> None:
        """Keep it; refuses `file-unwritable`."""
        files.write(self.file(RECORD), kept.dump().encode(), mode=0o600)

    def forget(self) -> None:
        """Destroy everything."""
        for name in _EVERYTHING:
            files.destroy(self.file(name))

    def _text(self, name: str) -> str:
        try:
            return files.read(self.file(name)).decode()
        except Absent:
            return ""
        except UnicodeDecodeError:
            raise Refused("file-damaged", f"{self.file(name)} is not text") from None

    def _save_key(self, name: str, key: Key) -> None:
        files.write(self.file(name), keys.write_pem("PRIVATE KEY", key.pkcs8()).encode(), mode=0o600)
