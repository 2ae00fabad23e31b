"""The pure part: whose clock, which root, which path, in which order; by observations that nobody had to make."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from makers import NOW, Chain, Maker

from dotlocal import RELEASED
from dotlocal.browser import path
from dotlocal.browser.diagnosis import Cause, diagnose
from dotlocal.browser.diagnosis.cause import ranked
from dotlocal.browser.observation import (
    HANDSHAKE,
    MODERN,
    SILENT,
    Endpoint,
    Head,
    Look,
    Observation,
    Resolution,
    Roots,
    TrustedRoot,
    Visit,
)
from dotlocal.browser.target import Target
from dotlocal.core.codes import doctor
from dotlocal.core.names import Address
from dotlocal.core.window import DAY, YEAR, Window

MAKER = Maker()
ROOTS = Roots(given=(TrustedRoot(MAKER.root.certificate, "root.pem"),))
HERE, THERE = Endpoint(Address.parse("192.168.77.7")), Endpoint(Address.parse("192.168.77.8"))

_DOING = ("probe", "handshake", "connection", "resolve", "mdns", "roots", "discover")


def seen(
    chain: Chain, *, now: int = NOW, date: int | None = NOW, synchronised: bool | None = True, roots: Roots = ROOTS
) -> Observation:
    """One address, one chain, two clocks."""
    octets = tuple(each.public_bytes(Encoding.DER) for each in chain.certificates)
    look = Look(HERE, "press-07.local", MODERN, HANDSHAKE, version="TLSv1.3", chain=octets, head=Head(200, date, now))
    visit = Visit(HERE, look, older=look, newer=look)
    resolution = Resolution(system=(HERE,))
    return Observation(Target.parse("press-07.local"), now, synchronised, resolution, (visit,), roots)


def codes(observation: Observation) -> list[str]:
    return [cause.code for cause in diagnose(observation).causes]


def leaf(start: int, end: int) -> Chain:
    """A certificate of that window."""
    return MAKER.chain(MAKER.draft(window=Window(start, end)))


GOOD = leaf(NOW - DAY, NOW + 89 * DAY)
AHEAD = leaf(NOW + 3 * YEAR, NOW + 3 * YEAR + 90 * DAY)
BEHIND = leaf(NOW - 3 * YEAR, NOW - 3 * YEAR + 90 * DAY)


@pytest.mark.parametrize(
    ("chain", "now", "date", "synchronised", "code"),
    [
        (GOOD, NOW, NOW, True, None),
        (GOOD, NOW, None, None, None),
        (GOOD, NOW, NOW + 3600, True, "device-clock-drifts"),
        # this computer stands before the package was made: wrong for sure, whoever says what
        (GOOD, RELEASED - YEAR, NOW, True, "this-clock"),
        (GOOD, RELEASED - YEAR, None, None, "this-clock"),
        # the device agrees with its certificate, and not with us, who are vouched for
        (AHEAD, NOW, NOW + 3 * YEAR, True, "device-clock"),
        (BEHIND, NOW, NOW - 3 * YEAR, True, "device-clock"),
        # it agrees with its certificate, nobody vouches for us: devices' clocks are wrong more often
        (AHEAD, NOW, NOW + 3 * YEAR, False, "device-clock"),
        # it says nothing, and its certificate was over before its CA was made
        (BEHIND, NOW, None, True, "device-clock"),
        # both agree on the time: the certificate is simply old, or early
        (leaf(NOW - 30 * DAY, NOW - DAY), NOW, NOW, True, "expired"),
        (leaf(NOW + DAY, NOW + 90 * DAY), NOW, NOW, False, "not-yet-valid"),
        (leaf(NOW - 30 * DAY, NOW - DAY), NOW, None, None, "expired"),
        # some minutes ahead, and nothing backdated
        (leaf(NOW + 600, NOW + 90 * DAY), NOW, NOW + 700, True, "device-clock"),
        (leaf(NOW - 80 * DAY, NOW + 2 * DAY), NOW, NOW, True, "expires-soon"),
    ],
    # not the moments themselves: each worker has its own
    ids=[
        "fine", "undated", "drifts", "before-release", "before-release-undated", "ahead", "behind", "ahead-unvouched",
        "behind-undated", "expired", "early", "expired-undated", "minutes-ahead", "nearly-over",
    ],
)  # fmt: skip
def test_whose_clock(chain: Chain, now: int, date: int | None, synchronised: bool | None, code: str | None) -> None:
    """Two clocks, a certificate's window and its CA's: who is to blame."""
    found = [each for each in codes(seen(chain, now=now, date=date, synchronised=synchronised)) if each != "root-sent"]
    assert found[:1] == ([code] if code else [])


def test_a_computer_before_the_ca_was_made_is_wrong_unless_somebody_vouches_for_it() -> None:
    """The device's date fits its certificate and its CA; ours fits neither."""
    made = NOW + 2 * YEAR
    draft = MAKER.device_draft().but(window=Window(made, made + 20 * YEAR))
    chain = MAKER.chain(MAKER.draft(window=Window(made, made + 90 * DAY)), device=MAKER.device(draft=draft))
    assert codes(seen(chain, date=made + DAY, synchronised=False))[0] == "this-clock"
    assert codes(seen(chain, date=made + DAY, synchronised=True))[0] == "device-clock"


def test_the_rank_is_the_order_of_the_table() -> None:
    """Errors, then warnings, then notes; among equals as their rows stand, each once."""
    shuffled = [Cause(code, "it", "seen") for code in sorted(doctor.FOUND)] * 2
    order = [cause.code for cause in ranked(shuffled)]
    errors = [row.code for row in doctor.FOUND.values() if row.severity == "error"]
    assert order[: len(errors)] == errors
    assert len(order) == len(doctor.FOUND)


def test_one_address_of_two_is_silent() -> None:
    """The other one is what a browser takes: a warning."""
    observation = seen(GOOD)
    silent = Visit(THERE, Look(THERE, "press-07.local", MODERN, SILENT))
    found = diagnose(replace(observation, visits=(*observation.visits, silent)))
    assert [cause.code for cause in found.causes] == ["address-silent"]
    assert found.accepted


def test_two_addresses_are_two_devices() -> None:
    """One name, two issuers: whoever opens it meets now one, now the other."""
    first, other = seen(GOOD), seen(Maker("Bolt Works", number=3).chain())
    both = Roots(given=(*ROOTS.given, TrustedRoot(Maker("Bolt Works", number=3).root.certificate, "b.pem")))
    visits = (first.visits[0], replace(other.visits[0], endpoint=THERE))
    assert codes(replace(first, visits=visits, roots=both)) == ["addresses-differ"]


def test_a_chain_that_this_python_does_not_show_is_not_called_incomplete() -> None:
    """The server certificate alone, since there is no call for the rest: a note."""
    observation = seen(GOOD.but(GOOD.certificates[0]))
    visit = observation.visits[0]
    hidden = replace(visit, main=replace(visit.main, whole=False))
    assert codes(replace(observation, visits=(hidden,))) == ["chain-unseen"]


def test_the_verifier_speaks_where_the_table_is_silent() -> None:
    """And only there: two voices about one thing would hide the useful one."""
    good, named = seen(GOOD), seen(MAKER.chain(MAKER.draft("press-7.local")))
    for observation, code in ((good, "refused-by-verifier"), (named, "wrong-name")):
        visit = replace(observation.visits[0], verifier="certificate rejected")
        assert codes(replace(observation, visits=(visit,))) == [code]


def test_hsts_is_a_remark_where_the_browser_refuses() -> None:
    """Whoever was here before can't click it away any more."""
    observation = seen(MAKER.chain(MAKER.draft("press-7.local")))
    visit = observation.visits[0]
    strict = replace(visit, main=replace(visit.main, head=Head(200, NOW, NOW, hsts=True)))
    assert codes(replace(observation, visits=(strict,))) == ["wrong-name", "hsts-untrusted"]


def test_paths_are_found_in_any_order_and_through_cross_certificates() -> None:
    """The trusted root wins over the longer way; what has no place is named."""
    chain = GOOD.certificates
    roots = ROOTS.trusted
    shuffled = path.find([chain[0], chain[2], chain[1]], roots)
    assert (list(shuffled.certificates), shuffled.ordered) == (list(chain), False)
    doubled = path.find([*chain, chain[1]], roots)
    assert (doubled.extra, doubled.ordered) == ((chain[1],), True)
    stranger = Maker("Bolt Works", number=3).device().certificate
    assert path.find([*chain, stranger], roots).extra == (stranger,)
    sent = path.find([*chain, MAKER.root.certificate], roots)
    assert (sent.root_sent, sent.extra, len(sent.certificates)) == (MAKER.root.certificate, (), 3)
    assert path.find([*chain, MAKER.root.certificate], ()).root == MAKER.root.certificate


def test_two_cas_that_signed_each_other_end_the_search() -> None:
    """A loop has no top: found out, not followed for ever."""
    import forge

    one, other = forge.key("P-256", 501), forge.key("P-256", 502)
    names = forge.name("", "", "Loop One"), forge.name("", "", "Loop Two")
    window = Window(NOW - DAY, NOW + YEAR)
    first = forge.factory(names[0], one.public_key, window, names[1], other.public_key).but(serial=501).signed(other)
    second = forge.factory(names[1], other.public_key, window, names[0], one.public_key).but(serial=502).signed(one)
    server = forge.server_below(first, window, Target.parse("press-07.local").host).signed(one)
    found = path.find([server, first, second], ())
    assert [*found.certificates] == [server, first, second]
    assert found.root is None


def test_deciding_and_telling_touch_nothing() -> None:
    """Imported alone, they bring no TLS, no process, no clock and no probe along."""
    modules = ["diagnosis", "telling.report", "telling.words", "telling.page", "telling.plugin", "telling.overview"]
    wanted = "; ".join(f"import dotlocal.browser.{module}" for module in modules)
    worldly = ("ssl", "subprocess", "dotlocal.host", *(f"dotlocal.browser.{name}" for name in _DOING))
    told = subprocess.run(
        [sys.executable, "-c", f"{wanted}; import sys; print([m for m in {worldly} if m in sys.modules])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[]"
