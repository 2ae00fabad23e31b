# Boot path when something has changed: no typing, dataclasses, enum, re or json at run time.
"""What the state keeps of other files, made anew when those have changed or it is torn: settings and template.

Child processes read device.toml and the birth record, whose parsers no everyday boot shall pay for.
"""

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.findings import ERROR, Finding
from dotlocal.core.template import Template
from dotlocal.device import settings as device_settings
from dotlocal.device.settings import Settings
from dotlocal.device.store import State
from dotlocal.host import child, files


def settings(state: State, config: str, source: str, kept: "Settings | None") -> "tuple[Settings, list[Finding]]":
    """The settings of device.toml as it is now (`source`, nothing where there is none), kept for the next boots; or
    those that were `kept`, and what is wrong with the new ones.
    """
    if source == "":
        fresh = Settings()
    else:
        read = child.answer("dotlocal.device.configuration", config, source)
        try:
            fresh = device_settings.load(read)
        except (Refused, ValueError):
            code, _, message = read.partition("\t")
            problem = Finding(
                code or "config-unreadable", ERROR, config, message or "device.toml can't be read",
                hint="the settings before it stay in force; mend the file and boot again",
            )  # fmt: skip
            return kept or Settings(), [problem]
    if not fresh.keep_while_unchanged:
        state.forget_server_keys()
    try:
        files.write(state.file("settings"), fresh.dump().encode(), mode=0o600)
    except Refused:
        pass  # a read-only state is normal; it is read again at the next boot
    return fresh, []


def template(state: State) -> Template:
    """The template, prepared anew from the birth record; refuses `not-adopted`, and `template-damaged` if that is not
    whole.
    """
    child.answer("dotlocal.device.adoption", state.path)
    if not state.has("birth.pem"):
        raise Absent(
            "not-adopted", f"{state.path} has no birth record yet", hint="`dotlocal device adopt BIRTH.pem`"
        ) from None
    return state.template()
