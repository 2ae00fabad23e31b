"""What goes into each CA certificate: subject, window and constraints, decided here for root, factory and service.

Every function ends in contents that passed lint and may be signed; nothing is signed here. `now` in POSIX seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from dotlocal.core import keys
from dotlocal.core.errors import Refused
from dotlocal.core.issue import Fields, Issuer, Linted, prepare
from dotlocal.core.keys import PublicKey, Signer
from dotlocal.core.profiles import DEVICE_CA, FACTORY_CA, ROOT_CA, Profile
from dotlocal.core.request import Request
from dotlocal.core.subject import Subject, device_subject, factory_subject
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import DAY, YEAR, Window, rfc3339

# Everything is dated so far back, for clocks that run late (field value: a day; RFC 5280 says nothing of it).
BACKDATED = DAY


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a CA certificate lives: `years` asked for (None: to its parent's end), `least` below which it is
    refused rather than made, and the moment that counts as now.
    """

    now: int
    years: int | None = None
    least: int = 0


def root_ca(
    subject: Subject, public_key: PublicKey, *, now: int, years: int, constraints: Subtrees | None, serial: int,
    throwaway: Signer,
) -> Linted:  # fmt: skip
    """The contents of a root, self-signed; None for constraints leaves them out."""
    window = Window(now - BACKDATED, now + years * YEAR)
    issuer = Issuer.root(subject, public_key, window, serial)
    prepared = prepare(ROOT_CA, issuer, throwaway=throwaway, constraints=constraints)
    return prepared.lint(Fields(serial, window, subject, public_key), throwaway)


def factory_ca(
    request: Request, issuer: Issuer, *, organisation: str, terms: Terms, serial: int, throwaway: Signer
) -> Linted:
    """The contents of a factory CA. `terms.least` is the life that its devices will need."""
    window = _window(FACTORY_CA, issuer, terms)
    prepared = prepare(FACTORY_CA, issuer, throwaway=throwaway)
    subject = factory_subject(organisation, request.identity)
    return prepared.lint(Fields(serial, window, subject, request.public_key), throwaway)


def device_ca(
    request: Request, issuer: Issuer, *, organisation: str, constraints: Subtrees, terms: Terms, serial: int,
    throwaway: Signer,
) -> Linted:  # fmt: skip
    """The contents of a device CA, for the identity and the key of the request and nothing else of it."""
    window = _window(DEVICE_CA, issuer, terms)
    prepared = prepare(DEVICE_CA, issuer, throwaway=throwaway, constraints=constraints)
    subject = device_subject(organisation, request.identity, keys.key_id_of(request.public_key))
    return prepared.lint(Fields(serial, window, subject, request.public_key), throwaway)


def _window(profile: Profile, issuer: Issuer, terms: Terms) -> Window:
    parent, now = issuer.window, terms.now
    if now > parent.not_after:
        raise Refused("issuer-expired", f"the signing CA ended {rfc3339(parent.not_after)}; it is {rfc3339(now)}")
    if now < parent.not_before:
        raise Refused(
            "clock-behind", f"the signing CA starts {rfc3339(parent.not_before)}; this clock says {rfc3339(now)}",
            hint="set the clock of this computer",
        )  # fmt: skip
    end = parent.not_after if terms.years is None else now + terms.years * YEAR
    if end > parent.not_after:
        raise Refused(
            "life-beyond-parent",
            f"{terms.years} years end {rfc3339(end)}, after the signing CA's end, {rfc3339(parent.not_after)}",
            hint="ask for fewer years, or leave them out to get what there is",
        )  # fmt: skip
    if end - now < terms.least * YEAR - DAY:
        raise Refused(
            "life-too-short",
            f"the {profile.title} would end {rfc3339(end)}; the plan wants {terms.least} years of life for a device",
            hint="it is time for a new factory CA, or for the next root",
        )  # fmt: skip
    return Window(max(now - BACKDATED, parent.not_before), end)
