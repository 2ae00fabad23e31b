"""Who comes in, and who doesn't: passwords, sessions, forms from elsewhere, plain HTTP, other people's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from box import Box, make_box, make_world
from pages_device import NAME, PASSWORD
from visitor import HEADER, Visitor

from dotlocal.device.own_pages import application, english, german, link, password
from dotlocal.device.own_pages.app import Pages
from dotlocal.device.own_pages.throttle import FREE
from dotlocal.device.reset import reset, reset_settings


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Box:
    box = make_box(tmp_path_factory.mktemp("pages"), make_world())
    kept = password.make(PASSWORD, salt=b"s" * 16, browsers=b"b" * 32)
    box.owned.slots.save(password.SLOT, kept.dump())
    return box


@pytest.fixture
def app(made: Box) -> Pages:
    return application(made.owned, connection=link.by_header(HEADER))


# ── the password ──


def test_the_password_opens(app: Pages) -> None:
    """And a wrong one doesn't; the page for both is the form, and nothing else is shown."""
    visitor = Visitor(app)
    assert "Administrator" in visitor.ask("import").text
    assert visitor.sign_in("correct horse batterx").status == 403
    assert visitor.sign_in().status == 303
    assert "The maker's certificate is in use." in visitor.ask().text


def test_guessing_is_slowed_down_by_address(app: Pages) -> None:
    """After four failures it waits, whatever is sent then; the right password as well."""
    guesser = Visitor(app)
    told = [guesser.sign_in(f"wrong horse {number}").status for number in range(FREE)]
    assert told == [403] * FREE
    while (answer := guesser.sign_in("wrong horse")).status == 403:  # a slow machine outwaits the first of its waits
        told.append(403)
    assert len(told) < FREE + 6
    answer = guesser.sign_in()
    assert answer.status == 429, "the right password waits as well"
    assert int(answer.fields["retry-after"]) >= 1
    assert Visitor(app, client="192.0.2.10").sign_in().status == 303, "another address does not wait"


def test_whoever_was_in_before_is_not_kept_out_by_others(app: Pages) -> None:
    """All strangers together have used up their bucket; the owner's browser signs in, from the very same address."""
    owner = Visitor(app, client="192.0.2.1")
    assert owner.sign_in().status == 303
    owner.post("logout")
    now = app._door._throttle  # type: ignore[attr-defined]
    for number in range(40):
        now.failed(f"198.51.100.{number}", "", 1e9)
        now.failed("192.0.2.1", "", 1e9)
    now._filled = 1e12  # and nothing refills it
    assert Visitor(app, client="203.0.113.5").sign_in().status == 429
    assert owner.sign_in().status == 303


def test_a_session_that_was_planted_is_nobodys(app: Pages) -> None:
    """Session fixation: whatever cookies came before, the session has another one, and the old is worthless."""
    visitor, planted = Visitor(app), "A" * 43
    visitor.cookies["__Host-dotlocal-own"] = planted
    assert visitor.sign_in().status == 303
    assert visitor.cookies["__Host-dotlocal-own"] != planted
    thief = Visitor(app)
    thief.cookies["__Host-dotlocal-own"] = planted
    assert "Administrator" in thief.ask().text
    first = visitor.cookies["__Host-dotlocal-own"]
    visitor.post("logout")
    assert visitor.sign_in().status == 303
    assert visitor.cookies["__Host-dotlocal-own"] != first
    thief.cookies["__Host-dotlocal-own"] = first
    assert "Administrator" in thief.ask().text, "nor is that of a session that has ended"


def test_cookies_are_as_narrow_as_can_be(app: Pages) -> None:
    """RFC 6265bis: the prefix, Secure, HttpOnly, Strict, no domain."""
    visitor = Visitor(app)
    visitor.ask("?lang=de")
    set_ = [value for name, value in visitor.sign_in().listed if name == "Set-Cookie"]
    assert len(set_) == 3
    for each in set_:
        assert each.startswith("__Host-dotlocal-")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(each.split("; "))
        assert "omain" not in each


def test_another_password_signs_everybody_out(made: Box, app: Pages) -> None:
    """And the browsers that were let in before are strangers again."""
    visitor = Visitor(app)
    visitor.sign_in()
    try:
        other = password.make("another long password", salt=b"t" * 16, browsers=b"c" * 32)
        made.owned.slots.save(password.SLOT, other.dump())
        assert "Administrator" in visitor.ask().text
        assert visitor.sign_in("another long password").status == 303
    finally:
        kept = password.make(PASSWORD, salt=b"s" * 16, browsers=b"b" * 32)
        made.owned.slots.save(password.SLOT, kept.dump())


def test_resets_and_the_password(tmp_path: Path) -> None:
    """It is 0600, survives `device reset --settings`, and goes with `device reset`; without it nobody comes in."""
    from dotlocal.device.store import Run

    box = make_box(tmp_path, make_world())
    box.owned.slots.save(password.SLOT, password.make(PASSWORD, salt=b"s" * 16, browsers=b"b").dump())
    file = tmp_path / "state" / "owned" / password.SLOT
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text()
    reset_settings(box.state, Run(str(box.run)))
    assert file.exists()
    reset(box.state, Run(str(box.run)))
    assert not file.exists()
    box.boot()
    visitor = Visitor(application(box.owned, connection=link.by_header(HEADER)))
    assert "dotlocal device own password" in visitor.ask().text
    assert visitor.post("login", {"password": ""}).status == 403


@pytest.mark.parametrize("wanted", ["", "short", "a" * 12, "ab" * 8, "x" * 300])
def test_weak_passwords_are_refused(wanted: str) -> None:
    """Too short, too long, too few different characters."""
    from dotlocal.core.errors import Refused

    with pytest.raises(Refused) as refused:
        password.make(wanted, salt=b"s", browsers=b"b")
    assert refused.value.code == "pages-password-weak"


# ── forms from elsewhere ──

ELSEWHERE = [
    {"HTTP_ORIGIN": "https://evil.example"}, {"HTTP_ORIGIN": "null"}, {"HTTP_ORIGIN": f"http://{NAME}"},
    {"HTTP_SEC_FETCH_SITE": "cross-site"}, {"HTTP_SEC_FETCH_SITE": "same-site"}, {"HTTP_ORIGIN": ""},
]  # fmt: skip


@pytest.mark.parametrize("environ", ELSEWHERE, ids=str)
def test_a_form_from_elsewhere_does_nothing(made: Box, app: Pages, environ: dict[str, str]) -> None:
    """With the session's cookie and even with its token."""
    visitor = Visitor(app)
    visitor.sign_in()
    assert visitor.post("request", {"names": "evil.example"}, **environ).status == 403
    assert made.owned.status()["waiting"] == []


@pytest.mark.parametrize("token", ["", "A" * 43, "ä"])
@pytest.mark.parametrize(
    "name", ["request", "import", "take", "alone", "issuer", "acme", "confirm", "revert", "logout"]
)
def test_a_form_without_the_sessions_token_does_nothing(made: Box, app: Pages, name: str, token: str) -> None:
    """Every form; another session's token is no better."""
    visitor = Visitor(app)
    visitor.sign_in()
    visitor.csrf = token
    assert visitor.post(name).status == 403
    assert visitor.ask().csrf, "still signed in"
    assert made.owned.status()["waiting"] == []


def test_another_sessions_token_is_none(app: Pages) -> None:
    """Two people, one token."""
    first, second = Visitor(app), Visitor(app)
    first.sign_in()
    second.sign_in()
    second.csrf = first.csrf
    assert second.post("revert").status == 403


def test_a_login_from_elsewhere_is_refused(app: Pages) -> None:
    """Login CSRF: the form's token belongs to a cookie."""
    visitor = Visitor(app)
    visitor.ask()
    visitor.cookies.clear()
    assert visitor.post("login", {"password": PASSWORD}).status == 403
    assert visitor.post("login", {"password": PASSWORD}, HTTP_ORIGIN="https://evil.example").status == 403


# ── the door itself ──


def test_plain_http_shows_nothing(app: Pages) -> None:
    """Neither from the network nor, with a web server in front, from this machine."""
    for client in ("192.0.2.9", "127.0.0.1"):
        answer = Visitor(app, client=client, connection="https=").ask()
        assert answer.status == 403
        assert "over HTTPS only" in answer.text
        assert "password" not in answer.text


def test_on_the_machine_itself_plain_http_does(made: Box) -> None:
    """By a name that means itself, and not by the device's own, behind which a network might be hidden."""
    app = application(made.owned)
    answer = Visitor(app).ask(HTTP_HOST="localhost:8090", REMOTE_ADDR="127.0.0.1")
    assert "Administrator" in answer.text
    assert any(value.startswith("dotlocal-knock=") for _, value in answer.listed)
    assert Visitor(app).ask(HTTP_HOST=NAME, REMOTE_ADDR="127.0.0.1").status == 403
    assert Visitor(app).ask(HTTP_HOST="localhost", REMOTE_ADDR="192.0.2.1").status == 403


def test_a_name_that_is_not_the_devices_gets_nothing(app: Pages) -> None:
    """DNS rebinding."""
    answer = Visitor(app).ask(HTTP_HOST="evil.example")
    assert answer.status == 421
    assert "password" not in answer.text


def test_without_the_header_nothing_is_believed(app: Pages) -> None:
    """A web server that doesn't tell is a mistake to be mended, and no reason to guess."""
    assert Visitor(app).ask(HTTP_X_DOTLOCAL_CONNECTION="").status == 400


def test_the_products_own_session(made: Box) -> None:
    """Who is logged in there is in here; others are shown the way; a change of users is a change of sessions."""
    users: dict[str, Any] = {"": None}
    app = application(
        made.owned, session=lambda environ: users[environ.get("HTTP_X_USER", "")], login="/login",
        connection=link.by_header(HEADER),
    )  # fmt: skip
    visitor = Visitor(app)
    answer = visitor.ask()
    assert answer.status == 403
    assert 'href="/login"' in answer.text
    users |= {"a": "anna", "b": "berta"}
    assert "Sign out" not in visitor.ask(HTTP_X_USER="a").text
    token, csrf = visitor.cookies["__Host-dotlocal-own"], visitor.csrf
    visitor.ask(HTTP_X_USER="b")
    assert visitor.cookies["__Host-dotlocal-own"] != token
    visitor.csrf = csrf
    assert visitor.post("revert", HTTP_X_USER="b").status == 403
    assert visitor.post("revert").status == 403, "and nobody is nobody"


# What every page says besides itself, and where that is asked for.
FIELDS = [
    ("content-security-policy", "default-src 'none'", "CSP3 6.1"),
    ("content-security-policy", "frame-ancestors 'none'", "CSP3 6.4.2"),
    ("content-security-policy", "base-uri 'none'", "CSP3 6.3.1"),
    ("content-security-policy", "form-action 'self'", "CSP3 6.4.1"),
    ("x-frame-options", "DENY", "RFC 7034"),
    ("x-content-type-options", "nosniff", "Fetch 3.6"),
    ("referrer-policy", "same-origin", "Referrer Policy 3.3"),
    ("cross-origin-opener-policy", "same-origin", "HTML 7.1.3"),
    ("cross-origin-resource-policy", "same-origin", "Fetch 3.7"),
    ("cache-control", "no-store", "RFC 9111 5.2.2.5"),
    ("permissions-policy", "camera=()", "Permissions Policy 5.2"),
]


@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])
def test_every_page_has_the_fields_that_keep_it_safe(app: Pages, inside: bool) -> None:
    """Signed in or not, and for what is refused; never HSTS, and nothing inline that the policy would have to allow."""
    visitor = Visitor(app)
    if inside:
        visitor.sign_in()
    for name in ("", "request", "import", "alone", "issuer", "acme", "revert", "probation", "review"):
        answer = visitor.ask(name)
        for field, wanted, _ in FIELDS:
            assert wanted in answer.fields[field], (name, field)
        assert "strict-transport-security" not in answer.fields
        assert "unsafe" not in answer.fields["content-security-policy"]
        for inline in ("<style", " style=", " onclick", "<script>", "http-equiv"):
            assert inline not in answer.text, (name, inline)
        if not inside:
            break


def test_both_languages_have_the_same_words() -> None:
    """Key by key, with the same facts in them."""
    import re

    assert english.WORDS.keys() == german.WORDS.keys()
    for key, text in english.WORDS.items():
        facts = r"\{([a-z]+)\}"
        assert sorted(re.findall(facts, text)) == sorted(re.findall(facts, german.WORDS[key])), key


def test_german_by_wish_and_for_good(app: Pages) -> None:
    """By what the browser prefers, by a link, and by what was chosen before."""
    visitor = Visitor(app)
    assert "Anmelden" in visitor.ask(HTTP_ACCEPT_LANGUAGE="de-AT,de;q=0.9").text
    assert "Sign in" in visitor.ask().text
    assert "Anmelden" in visitor.ask("?lang=de").text
    assert "Anmelden" in visitor.ask().text
