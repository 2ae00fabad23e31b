# Boot path: no typing, dataclasses, enum, re, json or tomllib at run time.
"""The settings as boot needs them: device.toml, read, checked and written down once, until the file changes."""

from dotlocal.core.findings import LeftOut
from dotlocal.core.names import Address
from dotlocal.core.template import seal, unseal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.host.custody import Place

_HEADING = "dotlocal settings 1"
_LISTS = ("hostname", "interface")
_NUMBERS = ("days", "unknown-clock-days", "built")
_FLAGS = ("keep-while-unchanged", "browser-time", "serve-redirect", "serve-hsts")  # off unless said
_TEXTS = ("group", "serve-listen", "serve-to", "serve-folder", "serve-http-listen", "serve-probe-listen")


class Settings:
    """Settings with the defaults of an absent device.toml.

    `hostnames` are texts as configured, normalised where they could be; `refused` are addresses that couldn't be
    read; `source` tells which state of which file they were read from, as `stamp` makes it.
    """

    __slots__ = (
        "addresses", "browser_time", "built", "days", "group", "handover", "handover_command", "hostnames",
        "interfaces", "keep_while_unchanged", "key", "own_acme", "refused", "serve_folder", "serve_hsts",
        "serve_http_listen", "serve_listen", "serve_probe_listen", "serve_redirect", "serve_to", "source", "suffixes",
        "unknown_clock_days",
    )  # fmt: skip

    def __init__(self) -> None:
        self.source = ""
        self.hostnames: list[str] = []
        self.addresses: list[Address] = []
        self.refused: list[LeftOut] = []
        self.interfaces: list[str] = []
        self.suffixes = True
        self.days = 90
        self.unknown_clock_days: int | None = None
        self.built = 0
        self.browser_time = False
        self.keep_while_unchanged = False
        self.group = ""
        self.key: Place | None = None  # [key], for `init`; not dumped, since the key file tells boot where the key is
        self.serve_listen = ""
        self.serve_to = ""
        self.serve_folder = ""
        self.serve_http_listen = ""
        self.serve_probe_listen = ""
        self.serve_redirect = False
        self.serve_hsts = False
        self.handover: dict[str, str] = {}  # [handover] as configured, without its command; empty: none
        self.handover_command: list[str] = []
        self.own_acme: dict[str, str] = {}  # [own.acme]: how challenges are answered on this product

    @property
    def helps(self) -> bool:
        """Whether there are help pages, so that boot makes what they need."""
        return bool(self.serve_http_listen or self.serve_probe_listen)

    def dump(self) -> str:
        """The settings as text, one fact a line, closed by a checksum."""
        lines = [_HEADING, f"source {escape(self.source)}", f"suffixes {int(self.suffixes)}"]
        lines += [f"hostname {escape(name)}" for name in self.hostnames]
        lines += [f"interface {escape(name)}" for name in self.interfaces]
        lines += [f"address {address.packed.hex()}" for address in self.addresses]
        lines += ["refused " + "\t".join(map(escape, (r.value, r.kind, r.code, r.reason))) for r in self.refused]
        lines += [f"handover {key} {escape(value)}" for key, value in self.handover.items()]
        lines += [f"handover-command {escape(word)}" for word in self.handover_command]
        lines += [f"own-acme {key} {escape(value)}" for key, value in self.own_acme.items()]
        lines += [f"{word} 1" for word in _FLAGS if getattr(self, word.replace("-", "_"))]
        for word in (*_NUMBERS, *_TEXTS):
            value = getattr(self, word.replace("-", "_"))
            if value not in (None, ""):
                lines.append(f"{word} {escape(str(value))}")
        return seal(lines)


def load(text: str) -> Settings:
    """Read what `Settings.dump` wrote; refuses a torn file as `settings-damaged`."""
    settings = Settings()
    for line in unseal(text, _HEADING, "settings-damaged"):
        word, _, rest = line.partition(" ")
        if word == "refused":
            value, kind, code, reason = map(unescape, rest.split("\t"))
            settings.refused.append(LeftOut(value, kind, code, reason))
        elif word == "address":
            settings.addresses.append(Address(bytes.fromhex(rest)))
        elif word in _LISTS:
            getattr(settings, word + "s").append(unescape(rest))
        elif word in _NUMBERS:
            setattr(settings, word.replace("-", "_"), int(rest))
        elif word in _FLAGS:
            setattr(settings, word.replace("-", "_"), rest == "1")
        elif word in _TEXTS:
            setattr(settings, word.replace("-", "_"), unescape(rest))
        elif word in ("handover", "own-acme"):
            key, _, value = rest.partition(" ")
            getattr(settings, word.replace("-", "_"))[key] = unescape(value)
        elif word == "handover-command":
            settings.handover_command.append(unescape(rest))
        elif word == "suffixes":
            settings.suffixes = rest == "1"
        elif word == "source":
            settings.source = unescape(rest)
    return settings


def escape(text: str) -> str:
    """A text as one line of printable ASCII, for state files."""
    if text.isascii() and text.isprintable():
        return text.replace("\\", "\\\\")  # the plain case, spared the import of a codec
    return text.encode("unicode_escape").decode("ascii")


def unescape(text: str) -> str:
    """The text that `escape` wrote; ValueError for what it never writes."""
    return text.encode("ascii").decode("unicode_escape") if "\\" in text else text
