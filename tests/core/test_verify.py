"""What a browser would conclude, and that two independent verifiers conclude the same."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509 import verification

from core.cases import BY_ID, CASES, HOST, Case
from dotlocal.core.chain import window_of
from dotlocal.core.names import HostName
from dotlocal.core.verify import RULES, alternative_names, verify
from dotlocal.core.window import DAY
from dotlocal.testing import MOMENT, Device, World
from forge import general_name, key, moment, server_below

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


@each_case
def test_every_visit_has_its_verdict(case: Case) -> None:
    """The codes, the most useful first; none when a browser would accept."""
    chain, root = case.build()
    found = [finding.code for finding in verify(chain, root, case.asked, case.instant)]
    assert tuple(dict.fromkeys(found)) == case.codes


@each_case
def test_an_independent_verifier_concludes_the_same(case: Case) -> None:
    """`cryptography`'s own verdict, asked for here in its own words; where it differs the case says why."""
    (leaf, *above), root = case.build()
    builder = verification.PolicyBuilder().store(verification.Store([root])).time(moment(case.instant))
    subject = general_name(case.asked)
    assert isinstance(subject, x509.DNSName | x509.IPAddress)
    try:
        builder.build_server_verifier(subject).verify(leaf, above)
        accepted = True
    except verification.VerificationError:
        accepted = False
    assert accepted == case.accepted_by("pyca")


def test_a_real_device_is_accepted(world: World, press: Device) -> None:
    """What station and device make passes: root → factory CA → device CA → press-07.local, 192.168.77.7."""
    leaf, _ = world.serve(press, HOST, "192.168.77.7")
    for asked in alternative_names(leaf):
        assert [finding for host in asked for finding in verify((leaf, *press.chain), world.root, host, MOMENT)] == []


def test_without_a_certificate_there_is_nothing_to_judge(world: World) -> None:
    """A server that sends none."""
    assert [finding.code for finding in verify([], world.root, HostName(HOST), MOMENT)] == ["no-certificate"]


def test_several_reasons_are_told_together() -> None:
    """Another name and too late: both, so that mending one does not only bring up the next."""
    chain, root = BY_ID["by name"].build()
    found = verify(chain, root, HostName("press-08.local"), MOMENT + 90 * DAY)
    assert [finding.code for finding in found] == ["wrong-name", "wrong-time"]
    assert "press-08.local" in found[0].message
    assert HOST in found[0].message


def test_findings_name_the_certificate_that_is_to_blame() -> None:
    """An expired device CA is not the server certificate's fault."""
    case = BY_ID["an expired device CA"]
    chain, root = case.build()
    (finding,) = verify(chain, root, case.asked, case.instant)
    assert "device CA SN7" in finding.subject


def test_a_certificate_without_names_says_so() -> None:
    """The reader sees both sides of the mismatch even where one is empty."""
    case = BY_ID["a common name alone"]
    chain, root = case.build()
    (finding,) = verify(chain, root, case.asked, case.instant)
    assert "no name at all" in finding.message


def test_names_that_no_client_asks_for_are_passed_over() -> None:
    """An e-mail address, an URI and a network in a certificate name no host."""
    strange = [x509.RFC822Name("a@b.local"), x509.UniformResourceIdentifier("https://a.local"), x509.DNSName(HOST)]
    _, device_ca, *_ = BY_ID["by name"].build()[0]
    draft = server_below(device_ca, window_of(device_ca)).having(x509.SubjectAlternativeName(strange), critical=True)
    assert alternative_names(draft.signed(key())) == ([HostName(HOST)], [])
    assert alternative_names(device_ca) == ([], [])


def test_every_rule_is_broken_by_some_case() -> None:
    """The table of rules and the table of cases go together."""
    assert {code for code, _, _ in RULES} | {"refused-by-verifier"} == {code for case in CASES for code in case.codes}
