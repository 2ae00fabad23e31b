# Boot path: no typing, dataclasses, enum, re, json or argparse at run time.
"""`dotlocal device boot`: a fresh key and server certificate for the names and addresses of this moment.

1. settings and template from the state     2. look around, read the clock, plan     3. new key, two certificates
4. publish them as run/current              5. save the time, at most once a day
"""

import posix as os
import sys

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.findings import ERROR, Finding
from dotlocal.core.names import Address
from dotlocal.core.template import EMPTY_NAME, Template, certificate
from dotlocal.device import settings as device_settings
from dotlocal.device import status, store, surroundings
from dotlocal.device.plan import Plan, plan
from dotlocal.device.settings import Settings
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.host import clock, entropy, files, keys, paths
from dotlocal.host.clock import Reading
from dotlocal.host.environment import variable
from dotlocal.host.keys import Key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dotlocal.device.changed import Turn
    from dotlocal.device.owned.serving import Own
    from dotlocal.host.keys import SigningKey

_LOCK_SECONDS = 10
_MOST_ADOPTIONS = 3


class Options:
    """Where things are; `config_named` tells whether somebody asked for that very file, `changed` that a hook calls,
    `alone` that the process does nothing else.
    """

    __slots__ = ("alone", "changed", "config", "config_named", "json", "quiet", "run", "state")

    def __init__(self) -> None:
        self.state = variable("DOTLOCAL_STATE") or store.STATE
        self.run = variable("DOTLOCAL_RUN") or store.RUN
        self.config = store.CONFIG
        self.config_named = False
        self.alone = False
        self.changed = False
        self.json = False
        self.quiet = False


def run(words: "list[str]") -> None:
    """`device boot`: parse, boot, and end the process; returns when the words are for the full command line.

    Everything is on the disk by then, and taking an interpreter and libcrypto down in good order would be a fifth of
    the whole boot.
    """
    options = parse(words)
    if options is None:
        return
    options.alone = True
    os._exit(main(options))


def main(options: Options) -> int:
    """Run the command, and tell what came of it. Exit status 0, 1 (a finding of severity error), or 2 (no state)."""
    try:
        State(options.state).act_as_owner(Run(options.run), options.config)
        if options.changed:
            from dotlocal.device import changed  # for hooks, which nobody waits for

            return changed.main(options)
        reported = boot(options)
    except Refused as refused:
        return refuse(refused, as_json=options.json)
    return told(reported, options)


def told(reported: "dict[str, Any]", options: Options) -> int:
    """Tell what was made, as the options want it; the exit status. Where all isn't well, there is no quiet."""
    failed = any(finding["severity"] == ERROR for finding in reported["findings"])
    try:
        if options.json:
            sys.stdout.write(status.encode(reported) + "\n")
            sys.stdout.flush()
        elif failed or not options.quiet:
            tell(reported)
    except OSError as error:  # nobody takes the report; what it speaks of is on the disk
        from dotlocal.device.fallback import unreported  # not at an everyday boot

        return unreported(error)
    return 1 if failed else 0


def refuse(refused: Refused, *, as_json: bool = False) -> int:
    """Tell what was refused, and what to do; the exit status."""
    hint = hint_of(refused)
    if as_json:
        error = {"code": refused.code, "message": refused.message, "hint": hint}
        try:
            sys.stdout.write(status.encode({"error": error}) + "\n")
            sys.stdout.flush()
        except OSError:
            pass  # stdout itself may be what went wrong; stderr tells
    sys.stderr.write(f"dotlocal: error: {refused}\ndotlocal: hint: {hint}\n")
    return 2 if isinstance(refused, Absent) else 1


def hint_of(refused: Refused) -> str:
    """What its reader can do next."""
    from dotlocal.core import codes  # nobody is in a hurry any more

    return codes.hint_of(refused)


def boot(
    options: Options, turn: "Turn | None" = None, *, look: "Callable[[], Surroundings] | None" = None
) -> "dict[str, Any]":
    """Make the certificates of this moment and switch to them; returns the status. Refuses what can't be gone on with:
    no state, no key, a template that can't be healed, a run directory that can't be written.

    With a `turn` the next caller may wait from when the lock is held, and a set that is as good as a new one stays.
    `look` looks around instead, for who must know what this boot has seen.
    """
    state, run = State(options.state), Run(options.run)
    state.demand_key()  # before anything is written: whoever comes to own the state could not use a run of root's
    run.make()
    with files.Lock(run.lock, _LOCK_SECONDS):
        if turn:
            turn.over()  # what changes from here on may not be seen by this boot
        for _ in range(_MOST_ADOPTIONS):
            adoption = state.adoption()
            state.demand_key()
            settings, findings = read_settings(state, options)
            if options.alone and not settings.handover:  # which verifies
                keys.spare()
            key = state.key()
            template = usable_template(state, key)
            around, reading = (look or surroundings.look)(), clock.read()
            if turn and not findings and (kept := turn.kept(state, run, template, settings, around, reading)):
                return kept
            report = issue(key, template, settings, around, reading, state=state, run=run, findings=findings)
            if state.adoption() == adoption:
                break  # else a birth record came in between, and the chain may be of two
    if settings.handover:
        run.allow_handover()
        if settings.handover.get("when") == "asked":
            files.write(run.handover_due, b"")
        else:
            from dotlocal.device.handover.steps import hand_over  # TLS and processes: where a server is to be told

            report = hand_over(report, settings, run)
    elif paths.exists(run.handover_due):
        files.remove(run.handover_due)  # of settings that are gone
    return report


def issue(
    key: "SigningKey", template: Template, settings: Settings, around: Surroundings, reading: Reading, *,
    state: State, run: Run, findings: "list[Finding]",
) -> "dict[str, Any]":  # fmt: skip
    """Plan, make and publish one set; the world comes in as arguments. Returns the status."""
    hint = state.hint() if settings.browser_time else None
    planned = plan(template, settings, around, reading, state.floor(), hint)
    planned.findings += findings
    save_floor(state, planned)
    own = None
    if paths.isdir(state.file(store.OWNED)):
        from dotlocal.device.owned import serving  # devices with something of their customer's, and no others

        own = serving.choose(state, settings, around, planned, reading)
        if own.certificate:
            return _serve_own(own, planned, template, settings, run)
        if own.issuer:
            key, planned = own.issuer_key, own.issuer_plan
    if not planned.names and not planned.addresses:
        from dotlocal.device import fallback  # once in a device's life, and not at each boot

        report = status.of(planned, template, serial=0, names_serial=0)
        if own:
            own.tell(report)
        return fallback.without_names(report, planned.window, settings.group, run)
    issuing = own.issuer.template if own and own.issuer else template
    if settings.keep_while_unchanged:
        from dotlocal.device import kept  # a choice that few devices make

        made = kept.recall(state, issuing, settings, planned)
        if made is None:
            made = _make(key, issuing, planned)
            kept.keep(state, issuing, settings, planned, made)
    else:
        made = _make(key, issuing, planned)
    server_key, full_serial, full, names_serial, names = made
    report = status.of(planned, template, serial=full_serial, names_serial=names_serial)
    above = own.issuer.sent() if own and own.issuer else sent_above(state.text("birth.pem"))
    if own:
        own.tell(report)
    more = for_help_pages(key, issuing, planned, state, own, made=reading.uptime) if settings.helps else {}
    private = keys.write_pem("PRIVATE KEY", server_key.pkcs8())
    full_chain, names_chain = (keys.write_pem("CERTIFICATE", each) + above for each in (full, names))
    publish(run, report, settings.group, {**set_of(private, full_chain, names_chain), **more})
    return report


def _serve_own(own: "Own", planned: Plan, template: Template, settings: Settings, run: Run) -> "dict[str, Any]":
    held = own.certificate
    assert held is not None
    report = status.of(planned, template, serial=held.serial, names_serial=held.serial)
    own.tell(report)
    chain = held.chain()
    publish(run, report, settings.group, set_of(held.private(), chain, chain))
    return report


def for_help_pages(
    key: "SigningKey", template: Template, planned: Plan, state: State, own: "Own | None", *, made: int
) -> "dict[str, str]":
    """What a set has for the help pages, name to text; nothing where the root is not known. `made` is the uptime."""
    from dotlocal.device import probe  # only where help pages are configured

    def certify(probe_key: Key) -> bytes:
        return _certificate(key, template, planned, probe_key, planned.addresses)[1]

    birth = own.issuer.birth() if own and own.issuer else state.text("birth.pem")
    return probe.texts(certify, birth, made) if birth else {}


def _make(key: "SigningKey", template: Template, planned: Plan) -> "tuple[Key, int, bytes, int, bytes]":
    if not entropy.seeded():
        sys.stderr.write("dotlocal: waiting for the kernel's random generator\n")
    server_key = keys.generate()
    # One certificate for clients that send a name and one for those that don't: BoringSSL and wolfSSL refuse any
    # address below an address constraint (docs/adr/0005).
    full_serial, full = _certificate(key, template, planned, server_key, planned.addresses)
    names_serial, names = full_serial, full
    if planned.names and planned.addresses:
        names_serial, names = _certificate(key, template, planned, server_key, [])
    return server_key, full_serial, full, names_serial, names


def _certificate(
    key: "SigningKey", template: Template, planned: Plan, server_key: Key, addresses: "list[Address]"
) -> "tuple[int, bytes]":
    serial = entropy.serial_number()
    tbs = template.fill(
        serial=serial, window=planned.window, subject=EMPTY_NAME, spki=keys.spki_of(server_key),
        key_id=keys.key_id_of(server_key), names=planned.names, addresses=addresses,
    )  # fmt: skip
    return serial, certificate(tbs, template.algorithm, key.sign(tbs))


def set_of(private: str, full_chain: str, names_chain: str) -> "dict[str, str]":
    """What a set has for web servers, name to text: the key, the two chains, and each of them with the key."""
    return {
        "privkey.pem": private, "fullchain.pem": full_chain, "names.pem": names_chain,
        "bundle.pem": private + full_chain, "names-bundle.pem": private + names_chain,
    }  # fmt: skip


def publish(run: Run, report: "dict[str, Any]", group: str, texts: "dict[str, str]") -> None:
    """Make texts and status the current set; whatever holds the key is for its owner, or for the group, alone."""
    reader, problem = reader_of(group)
    if problem:
        report["findings"] += status.findings([problem])
    secret = 0o600 if reader is None else 0o640
    contents = {name: (text.encode(), secret if "PRIVATE KEY" in text else 0o644) for name, text in texts.items()}
    contents["status.json"] = ((status.encode(report) + "\n").encode(), 0o644)
    # random, and not the serial number: a certificate that is kept across boots is published more than once
    run.publish(f"set-{entropy.serial_number():038x}"[:20], contents, group=reader)


def sent_above(birth: str) -> str:
    """What follows the server certificate in a chain: the birth record without its root, the last block;
    refuses `birth-damaged`.
    """
    head, begin, _ = birth.rpartition("-----BEGIN CERTIFICATE-----")
    if not begin:
        raise Refused("birth-damaged", "birth.pem holds no certificate", hint="adopt the birth record again")
    return head


def read_settings(state: State, options: Options) -> "tuple[Settings, list[Finding]]":
    """The settings in force and what is wrong with them; device.toml is read by a child, only when it has changed."""
    source = _stamp(options)
    kept: Settings | None = None
    try:
        kept = device_settings.load(state.text("settings"))
    except (Refused, ValueError):
        pass  # missing, torn or of an older version: read again, as after every change
    if kept and kept.handover and not state.ours("settings"):
        kept = None  # it names commands
    if kept and kept.source == source:
        return kept, []
    if kept is None and not source:
        state.forget_server_keys()  # of settings that are gone
        return Settings(), []
    from dotlocal.device import healing  # not at an everyday boot

    return healing.settings(state, options.config, source, kept)


def _stamp(options: Options) -> str:
    try:
        found = os.stat(options.config)
    except OSError:
        if options.config_named:
            raise Absent("config-missing", f"{options.config} can't be found", hint="--config names it") from None
        return ""
    return f"{options.config} {found.st_mtime_ns} {found.st_size} {found.st_ino}"


def usable_template(state: State, key: "SigningKey") -> Template:
    """The prepared certificate of the state, made anew where it is torn; refuses `wrong-key`."""
    try:
        template = state.template()
    except Refused:
        from dotlocal.device import healing  # not at an everyday boot

        template = healing.template(state)
    if template.issuer_key_id != keys.key_id_of(key):
        raise Refused(
            "wrong-key", "the device CA's key and the birth record belong to different devices or generations",
            hint="adopt the birth record that was made for this key",
        )  # fmt: skip
    return template


def save_floor(state: State, planned: Plan) -> None:
    """Save the time, when the plan says that it is due."""
    if planned.clock.save:
        try:
            state.save_floor(planned.clock.save)
        except Refused:
            pass  # a read-only state is normal; the floor is a hint


def reader_of(group: str) -> "tuple[int | None, Finding | None]":
    """The number of the group that may read the key, None where that is for its owner alone; and what is wrong with the
    group of the settings.
    """
    if not group:
        return None, None
    from grp import getgrnam

    try:
        found = getgrnam(group).gr_gid
    except KeyError:
        found = None
    if found is not None and (os.geteuid() == 0 or found in (os.getegid(), *os.getgroups())):
        return found, None
    from dotlocal.device import fallback  # what isn't so at an everyday boot

    return None, fallback.no_reader(group, found)


def parse(words: "list[str]") -> "Options | None":
    """The options of boot and watch, or None where only the full command line knows what to say."""
    options = Options()
    rest = list(words)
    while rest:
        word, equals, value = rest.pop(0).partition("=")
        if word == "--json":
            options.json = True
        elif word == "--changed":
            options.changed = True
        elif word in ("--quiet", "-q"):
            options.quiet = True
        elif word in ("--state", "--run", "--config") and (equals or rest):
            value = value if equals else rest.pop(0)
            if not value:
                return None
            setattr(options, word[2:], value)
            options.config_named = options.config_named or word == "--config"
        else:
            return None
    return options


def tell(report: "dict[str, Any]", *, because: str = "") -> None:
    """Say on stderr what was made, what was left out, and what was found."""
    lines = status.remarks(report)
    if named := [*report["names"], *report["addresses"]]:
        reason = f" ({because})" if because else ""
        lines.insert(0, f"issued for {', '.join(named)}, until {report['not_after']}{reason}")
    sys.stderr.write("".join(f"dotlocal: {line}\n" for line in lines))
