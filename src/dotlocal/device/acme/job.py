"""One attempt: look whether anything is due, get the certificate, have it installed, and write down what came of it.

1. settings and record    2. what is due    3. account, made or found; a roll-over that was cut short is settled
4. order, with a new key  5. install        6. the record: when to come back, or what went wrong

Clock, randomness, patience, the way to the server and the place for the certificate come in as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dotlocal.core import pkcs10
from dotlocal.core.errors import Refused
from dotlocal.core.template import EMPTY_NAME
from dotlocal.device.acme import account, ari, chain, order, schedule
from dotlocal.device.acme.account import Application
from dotlocal.device.acme.chain import Chain
from dotlocal.device.acme.challenge import Responder
from dotlocal.device.acme.client import Client
from dotlocal.device.acme.record import Record
from dotlocal.device.acme.settings import AcmeSettings
from dotlocal.device.acme.store import Account, AcmeStore
from dotlocal.device.acme.transport import Exchange
from dotlocal.host import keys

_OF_A_LOST_ACCOUNT = ("acme-account", "acme-refused", "acme-unauthorized")
_LONGEST_COMMON_NAME = 64  # RFC 5280 appendix A
RENEWED, LOOKED, WAITING = "renewed", "looked", "waiting"


@dataclass(frozen=True, slots=True)
class Moment:
    """The time as the schedule wants it: the clock, or the floor where it is not `known`, and monotonic time."""

    now: int
    uptime: int
    boot_id: str
    known: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The world of an attempt. `draw` gives numbers from 0 to 1, `exchange` a way to the server for the pinned roots;
    `install` takes key and chain, PEM both, and refuses what can't be served.
    """

    moment: Callable[[], Moment]
    draw: Callable[[], float]
    sleep: Callable[[float], None]
    exchange: Callable[[str], Exchange]
    responder: Callable[[AcmeSettings], Responder]
    install: Callable[[str, str], None]


def attempt(store: AcmeStore, around: Surroundings, *, force: bool = False) -> str:
    """Do what is due, or renew now: `renewed`, `looked`, or `waiting` when nothing was due.

    What goes wrong is raised, after it was written down with the moment of the next attempt. Refuses
    `acme-not-set-up` and `busy` without writing anything.
    """
    with store.lock():
        settings, record = store.settings(), store.record()
        moment = around.moment()
        now = schedule.estimate(record, moment.now, moment.uptime, moment.boot_id, known=moment.known)
        due = schedule.wait(record, moment.now, moment.uptime, moment.boot_id, known=moment.known) <= 0
        todo = schedule.RENEW if force else schedule.action(record, now) if due else schedule.NOTHING
        if todo == schedule.NOTHING:
            return WAITING
        try:
            client = Client(
                around.exchange(settings.roots), settings.directory, store.key(), sleep=around.sleep,
                now=lambda: around.moment().now,
            )  # fmt: skip
            if todo == schedule.LOOK and not _look(client, record, around, now):
                _stamp(record, around, failed=False)
                store.save_record(record)
                return LOOKED
            _renew(client, settings, store, record, around)
        except Refused as refused:
            _write_down(record, refused, around, now)
            store.save_record(record)
            raise
        _stamp(record, around, failed=False)
        store.save_record(record)
        return RENEWED


def open_account(client: Client, settings: AcmeSettings, store: AcmeStore) -> None:
    """The account of the store's key at this server: the one that is known, or that the server finds, or a new one. A
    roll-over that was cut short is brought to its end first.
    """
    kept = store.account()
    if store.next_key() is not None:
        _settle_roll_over(client, store)
    if kept.directory == settings.directory and kept.url:
        client.account = kept.url
        if kept.contact != settings.contact:
            account.tell_contact(client, settings.contact)
            store.save_account(replace(kept, contact=settings.contact))
        return
    wanted = Application(settings.contact, settings.terms_agreed, settings.kid, store.mac_key())
    account.open_account(client, wanted)
    store.save_account(Account(settings.directory, client.account, settings.contact))


def roll_over(client: Client, settings: AcmeSettings, store: AcmeStore) -> None:
    """Move the account to a new key. A cut leaves both keys, and the next attempt finds out which of them it is."""
    open_account(client, settings, store)
    account.roll_over(client, store.begin_roll_over())
    store.end_roll_over(done=True)


def _settle_roll_over(client: Client, store: AcmeStore) -> None:
    old, new = client.key, store.next_key()
    assert new is not None  # the caller looked
    client.key = new
    done = bool(account.find(client))
    client.key = new if done else old
    client.account = ""
    store.end_roll_over(done=done)


def _renew(client: Client, settings: AcmeSettings, store: AcmeStore, record: Record, around: Surroundings) -> None:
    open_account(client, settings, store)
    try:
        key, made = _obtain(client, settings, record, around)
    except Refused as refused:
        if refused.code not in _OF_A_LOST_ACCOUNT or not _lost(client, store.account().url):
            raise
        store.save_account(Account())
        open_account(client, settings, store)
        key, made = _obtain(client, settings, record, around)
    around.install(keys.write_pem("PRIVATE KEY", key.pkcs8()), made.encode())
    _remember(client, record, made, around)


def _lost(client: Client, url: str) -> bool:
    """Whether the server knows the account no more, or by another URL. It may be another server by now, which calls a
    strange account anything.
    """
    found = account.find(client)
    client.account = url
    return found != url


def _obtain(client: Client, settings: AcmeSettings, record: Record, around: Surroundings) -> tuple[keys.Key, Chain]:
    key = keys.generate()
    contents = pkcs10.contents(_subject(settings), keys.spki_of(key), settings.names, settings.addresses)
    request = pkcs10.request(contents, "ecdsa-sha256", key.sign(contents))
    made = order.obtain(
        client, settings.identifiers, request, around.responder(settings), preferred_root=settings.preferred_root,
        replaces=record.renewal_id if client.offers("renewalInfo") else "",
    )  # fmt: skip
    made.check(keys.key_id_of(key), settings.identifiers)
    return key, made


def _subject(settings: AcmeSettings) -> bytes:
    # some CAs want a common name (OpenBao's require_cn), and others give an empty subject names that aren't critical
    first = next((each.text for each in settings.names if len(each.text) <= _LONGEST_COMMON_NAME), "")
    return pkcs10.common_name(first) if first else EMPTY_NAME


def _remember(client: Client, record: Record, made: Chain, around: Surroundings) -> None:
    window, moment = made.window, around.moment()
    record.not_before, record.not_after = window.not_before, window.not_after
    record.last_success = max(moment.now, window.not_before)
    record.renew_at = schedule.renewal(window.not_before, window.not_after, around.draw())
    record.renewal_id = chain.renewal_id(made.leaf)
    record.look_at = record.window_start = record.window_end = 0
    record.explanation = ""
    try:
        _look(client, record, around, record.last_success)
    except Refused:
        pass  # two thirds it is, until the server tells
    record.renew_at = schedule.spaced(record.renew_at, record.last_success, record.not_after)


def _look(client: Client, record: Record, around: Surroundings, now: int) -> bool:
    """Ask the CA for its suggestion, if it makes any; whether that says to renew at once."""
    if not client.offers("renewalInfo") or not record.renewal_id:
        record.look_at = 0
        return False
    url = f"{client.url('renewalInfo').rstrip('/')}/{record.renewal_id}"
    try:
        found = ari.parse(client.get(url), now)
    except Refused:
        record.look_at = now + ari.USUAL  # it is a suggestion; not to get one is no failure
        return now >= record.renew_at
    if (found.start, found.end) != (record.window_start, record.window_end):
        record.window_start, record.window_end, record.explanation = found.start, found.end, found.explanation
        moment = found.moment(around.draw())
        moment = schedule.suggested(moment, record.not_before, record.not_after)
        record.renew_at = schedule.spaced(moment, record.last_success, record.not_after)
    record.look_at = now + found.look_again
    return now >= record.renew_at


def _write_down(record: Record, refused: Refused, around: Surroundings, now: int) -> None:
    _stamp(record, around, failed=True)
    record.code, record.message, record.hint = refused.code, refused.message, refused.hint
    asked = refused.facts.get("retry_after")
    record.retry_in = schedule.retry(
        record.failures, record.not_after - now, around.draw(), temporary=bool(refused.facts.get("temporary")),
        asked=asked if isinstance(asked, int) else None,
    )  # fmt: skip


def _stamp(record: Record, around: Surroundings, *, failed: bool) -> None:
    moment = around.moment()
    at = schedule.estimate(record, moment.now, moment.uptime, moment.boot_id, known=moment.known)
    # with a clock that nobody has set, a new certificate's beginning is the latest that is certain to have passed
    record.moment = at if moment.known or failed else max(at, record.not_before)
    record.failures = record.failures + 1 if failed else 0
    if not failed:
        record.code = record.message = record.hint = ""
        record.retry_in = 0
    record.uptime, record.boot_id = moment.uptime, moment.boot_id
    record.last_try = record.moment
    record.spread = schedule.spread(around.draw())
