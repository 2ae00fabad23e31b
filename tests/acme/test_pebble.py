"""Pebble plays the customer's CA, with its rejections of good nonces and its reuse of authorizations as they come."""

from __future__ import annotations

import functools
import http.server
import shlex
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from acme_servers import KID, MAC_KEY, AcmeServer, Authority, pebble, unused_port
from cryptography import x509
from cryptography.x509 import DNSName, SubjectAlternativeName
from customers import NAME, Customer, accepted, fits, week_without

from dotlocal.core.errors import Refused
from dotlocal.device.acme import account, http_01, job, jws
from dotlocal.device.acme.store import Account

CAPRICIOUS = {"PEBBLE_WFE_NONCEREJECT": "50", "PEBBLE_AUTHZREUSE": "50", "PEBBLE_ALTERNATE_ROOTS": "2"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeServer]:
    with pebble(tmp_path_factory.mktemp("pebble"), environment=CAPRICIOUS) as started:
        yield started


@pytest.fixture
def customer(tmp_path: Path) -> Customer:
    return Customer(tmp_path)


@contextmanager
def web_server(folder: Path, port: int) -> Iterator[None]:
    """The web server of the device, which has the port."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            web.shutdown()


def refusal(customer: Customer, *, force: bool = False) -> Refused:
    with pytest.raises(Refused) as refused:
        customer.attempt(force=force)
    return refused.value


# ── issued, and renewed ──


def test_a_certificate_is_issued_for_a_new_key_of_the_device(server, customer):
    """Every second nonce is refused, and still: the chain leads to the CA's root, for the name that was asked for."""
    customer.set_up(server)
    assert customer.attempt() == job.RENEWED
    key, _ = customer.installed[-1]
    assert accepted(customer.chain, server.root.read_bytes())
    assert fits(key, customer.leaf)
    names = customer.leaf.extensions.get_extension_for_class(SubjectAlternativeName).value
    assert names.get_values_for_type(DNSName) == [NAME]
    assert len(customer.chain) == 2, "the server's certificate and the CA above it, without the root"


def test_nothing_is_asked_of_the_server_before_it_is_due(server, customer):
    """An attempt just before two thirds of the life waits; one just after renews, with another key."""
    customer.set_up(server)
    customer.attempt()
    first = customer.leaf
    customer.now = customer.record.renew_at - 1
    assert customer.attempt() == job.WAITING
    customer.now += 1
    assert customer.attempt() == job.RENEWED
    assert customer.leaf.serial_number != first.serial_number
    assert customer.leaf.public_key() != first.public_key()


def test_an_authorization_from_before_is_used_again(tmp_path, customer):
    """PEBBLE_AUTHZREUSE=100: the second order is ready at once, and nobody has to answer a challenge."""
    with pebble(tmp_path / "pebble", environment={"PEBBLE_AUTHZREUSE": "100"}) as server:
        customer.set_up(server)
        customer.attempt()
        customer.responder = http_01.Hook(("/nonexistent",))
        assert customer.attempt(force=True) == job.RENEWED


def test_a_server_that_takes_its_time_is_waited_for(tmp_path, customer):
    """PEBBLE_VA_SLEEPTIME: each validation is put off at random, and asked about until it is done."""
    with pebble(tmp_path / "pebble", environment={"PEBBLE_VA_NOSLEEP": "", "PEBBLE_VA_SLEEPTIME": "3"}) as server:
        customer.patience = 1.0
        customer.set_up(server)
        assert customer.attempt() == job.RENEWED


def test_the_preferred_root_is_chosen_among_alternate_chains(server, customer):
    """PEBBLE_ALTERNATE_ROOTS=2: three chains; asked for by the fingerprint or name of its root, ours is the third."""
    customer.set_up(server)
    client = customer.client()
    job.open_account(client, customer.store.settings(), customer.store)
    roots = [client.get(server.management + f"/roots/{number}").body for number in range(3)]
    for root in roots:
        name = x509.load_pem_x509_certificate(root).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        customer.set_up(server, preferred_root=name)
        customer.attempt(force=True)
        assert accepted(customer.chain, root), name


# ── the account ──


def test_the_account_moves_to_a_new_key(server, customer):
    """Roll-over: the old key has no account any more, the new one renews."""
    customer.set_up(server)
    customer.attempt()
    before = customer.store.key()
    job.roll_over(customer.client(), customer.store.settings(), customer.store)
    assert customer.store.key().point != before.point
    assert customer.attempt(force=True) == job.RENEWED
    client = customer.client()
    client.key = before
    assert account.find(client) == ""


def test_a_roll_over_that_the_server_never_heard_of_is_forgotten(server, customer):
    """Cut after the new key was kept: the account still has the old one."""
    customer.set_up(server)
    customer.attempt()
    before = customer.store.key().point
    customer.store.begin_roll_over()
    assert customer.attempt(force=True) == job.RENEWED
    assert (customer.store.key().point, customer.store.next_key()) == (before, None)


def test_a_roll_over_whose_answer_was_lost_is_found_out(server, customer):
    """Cut after the server has moved the account: the new key is the account's, and becomes the device's."""
    customer.set_up(server)
    customer.attempt()
    client = customer.client()
    client.account = customer.store.account().url
    new = customer.store.begin_roll_over()
    account.roll_over(client, new)
    assert customer.attempt(force=True) == job.RENEWED
    assert (customer.store.key().point, customer.store.next_key()) == (new.point, None)


def test_contacts_are_told_to_the_server_when_they_change(server, customer):
    """Another --contact: the account has it at the next attempt."""
    customer.set_up(server, contact=["one@example.com"])
    customer.attempt()
    customer.set_up(server, contact=["two@example.com"])
    customer.attempt(force=True)
    client = customer.client()
    client.account = customer.store.account().url
    assert client.fetch(client.account).json()["contact"] == ["mailto:two@example.com"]


def test_an_ended_account_is_told_as_such(server, customer):
    """Deactivated: no certificate any more, and the hint says what to do."""
    customer.set_up(server)
    client = customer.client()
    job.open_account(client, customer.store.settings(), customer.store)
    account.end(client)
    customer.store.save_account(Account())
    assert refusal(customer).code == "acme-account-ended"


def test_a_ca_that_lost_its_accounts_gets_a_new_one(tmp_path, customer):
    """Pebble forgets everything when it is started again: an account is made anew, without anybody's help."""
    port, http = unused_port(), unused_port()
    with pebble(tmp_path / "one", port=port, http=http) as server:
        customer.set_up(server)
        customer.attempt()
        first = customer.store.account().url
    with pebble(tmp_path / "two", port=port, http=http) as server:
        customer.set_up(server)
        assert customer.attempt(force=True) == job.RENEWED
        assert accepted(customer.chain, server.root.read_bytes())
    assert customer.store.account().url != first


def test_external_account_binding(tmp_path, customer):
    """Without it: said before anything is asked. With a wrong key: refused. With the CA's own: issued."""
    with pebble(tmp_path / "pebble", eab=True) as server:
        customer.set_up(server)
        assert refusal(customer).code == "acme-eab-required"
        customer.set_up(server, kid=KID, mac_key=b"x" * 32)
        assert refusal(customer, force=True).code.startswith("acme-")
        assert not customer.installed
        customer.set_up(server, kid=KID, mac_key=jws.parse_mac_key(MAC_KEY))
        assert customer.attempt(force=True) == job.RENEWED


def test_terms_are_agreed_to_by_a_person(server, customer):
    """Pebble has terms of service: their address is in the message, and nothing is sent before somebody agrees."""
    customer.set_up(server, terms_agreed=False)
    refused = refusal(customer)
    assert refused.code == "acme-terms"
    assert "data:text/plain" in refused.message


# ── ways to answer ──


def test_webroot(server, customer, tmp_path):
    """The device's own web server has the port: it finds the answer in its folder, and nothing is left there."""
    www = tmp_path / "www"
    www.mkdir()
    customer.responder = http_01.Webroot(str(www))
    customer.set_up(server)
    with web_server(www, server.http):
        assert customer.attempt() == job.RENEWED
    assert list((www / ".well-known/acme-challenge").iterdir()) == []


def test_hook(server, customer, tmp_path):
    """A command puts the answers there, and takes them away; its words are logged by itself."""
    www = tmp_path / "www"
    script = tmp_path / "hook"
    script.write_text(
        f"#!/bin/sh\nset -e\nd={shlex.quote(str(www))}/.well-known/acme-challenge\nmkdir -p $d\n"
        f'echo "$1 $2" >> {tmp_path}/log\ncase $1 in set) printf %s "$4" > "$d/$3";; clear) rm "$d/$3";; esac\n'
    )
    script.chmod(0o755)
    customer.responder = http_01.Hook((str(script),))
    customer.set_up(server)
    with web_server(www, server.http):
        assert customer.attempt() == job.RENEWED
    assert (tmp_path / "log").read_text().splitlines() == [f"set {NAME}", f"clear {NAME}"]


@pytest.mark.parametrize("command", ["/nonexistent", "/bin/false"])
def test_a_hook_that_fails_is_named(server, customer, command):
    """Nothing is told to the server then."""
    customer.responder = http_01.Hook((command,))
    customer.set_up(server)
    assert refusal(customer).code == "acme-hook"


def test_a_taken_port_is_refused_with_the_ways_out(server, customer):
    """Somebody else has port 80: webroot and hook are named."""
    with http_01.Listener(("", server.http)).answering([]):
        customer.set_up(server)
        refused = refusal(customer)
    assert refused.code == "acme-port-taken"
    assert "--webroot" in refused.hint


def test_nobody_at_the_name_is_told_in_the_servers_words(server, customer):
    """Nobody answers at the port where the server looks: refused with its words, and tried again later."""
    customer.set_up(server, listen=f":{unused_port()}")
    refused = refusal(customer)
    assert refused.code == "acme-challenge"
    assert NAME in refused.message
    assert "connection refused" in refused.message
    assert customer.record.failures == 1


# ── the server's own certificate ──


def test_a_server_of_another_root_is_not_spoken_to(server, customer, tmp_path):
    """Another root is pinned: no request is made at all."""
    other = Authority.make(tmp_path, "another root")
    customer.set_up(server, roots=other.pem.read_text())
    assert refusal(customer).code == "acme-tls"


def test_the_systems_roots_do_not_help_a_private_server(server, customer):
    """`--system-roots`: the private root is none of them."""
    customer.set_up(server, roots="system")
    assert refusal(customer).code == "acme-tls"


# ── a week without the server ──


def test_a_week_without_the_server(tmp_path, customer):
    """Renewal is due, the server is gone for seven days: tried again ever more slowly, the certificate stays; it comes
    back, and the next attempt renews. No attempt is further than six hours from the one before.
    """
    port, http = unused_port(), unused_port()
    with pebble(tmp_path / "one", port=port, http=http) as server:
        customer.set_up(server)
        customer.attempt()
    week_without(customer)
    with pebble(tmp_path / "two", port=port, http=http) as server:
        customer.set_up(server)
        assert customer.attempt() == job.RENEWED
        assert accepted(customer.chain, server.root.read_bytes())
    assert (customer.record.failures, customer.record.code) == (0, "")


def test_a_listener_is_there_only_while_a_challenge_is_pending(server, customer):
    """Nobody listens at the port before and after, and 404 is all that strangers get meanwhile."""
    customer.set_up(server)
    customer.attempt()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.http), timeout=1)
    with (
        http_01.Listener(("127.0.0.1", server.http)).answering([]),
        pytest.raises(urllib.error.HTTPError, match="404"),
    ):
        urllib.request.urlopen(f"http://127.0.0.1:{server.http}/", timeout=2)
