"""The diagnosis as one page to send to support: no script, nothing loaded from anywhere, everything escaped. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from dotlocal import VERSION
from dotlocal.browser.telling.words import PEOPLE, verdict

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --bad: #b3261e; --odd: #8a5a00; --good: #1b6e3c }
@media (prefers-color-scheme: dark) { :root { --bad: #ffb4ab; --odd: #ffc46b; --good: #8bd8a4 } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
body { overflow-wrap: anywhere }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
section.finding { border-left: .3rem solid var(--line); padding: .1rem 1rem; margin: 1rem 0 }
.error { border-color: var(--bad) !important } .warning { border-color: var(--odd) !important }
.refused { color: var(--bad) } .accepted { color: var(--good) }
table { border-collapse: collapse } th, td { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0 }
th { overflow-wrap: normal; min-width: 5rem } .wide { overflow-x: auto } .wide td { white-space: nowrap }
th { font-weight: 600 } code, pre { font: .85rem/1.4 ui-monospace, monospace } pre { overflow-x: auto }
"""
_CONTAINS = (
    "This page contains: the name and address that were asked for, what answered, the certificates that the device"
    " sends to everybody, the clocks of the device and of this computer, and the names of this computer's"
    " certificate stores. It contains no key, no password, no cookie, no page of the device, and nothing about"
    " other devices."
)


def html(report: dict[str, Any]) -> str:
    """The page, with all that support needs."""
    title = f"{report['target']}: {verdict(report)}"
    mood = "accepted" if report["accepted"] else "refused"
    return "\n".join((
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", "</head>", "<body>", "<main>",
        f'<h1 class="{mood}">{escape(title)}</h1>', f"<p>{escape(_CONTAINS)}</p>",
        *_findings(report), *_facts(report), *_addresses(report), *_looks(report),
        f"<p>dotlocal {VERSION}, {escape(report['clock']['here'])}</p>",
        "</main>", "</body>", "</html>", "",
    ))  # fmt: skip


def _findings(report: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Why, and who does what</h2>"
    if not report["findings"]:
        yield "<p>Nothing was found that a browser minds.</p>"
    for finding in report["findings"]:
        yield f'<section class="finding {escape(finding["severity"])}">'
        yield f"<p><strong>{escape(finding['severity'])}:</strong> {escape(finding['message'])}</p>"
        yield f"<p>Who: {escape(PEOPLE[finding['who']])}<br>Do: {escape(finding['hint'])}</p>"
        yield f"<p><code>{escape(finding['code'])}</code></p></section>"


def _facts(report: dict[str, Any]) -> Iterator[str]:
    found = report["resolution"]
    synchronised = {True: "synchronised", False: "not synchronised", None: "unknown"}[report["clock"]["synchronised"]]
    yield "<h2>The way there</h2>"
    yield from _table({
        "told to connect to": ", ".join(found["given"]),
        "resolver": "" if found["given"] else ", ".join(found["system"]) or "nothing",
        "mDNS": (", ".join(found["mdns"]) or "nothing") if found["asked_mdns"] else "",
        "names in its place": ", ".join(found["renamed"]),
        "this computer's clock": f"{report['clock']['here']}, {synchronised}",
        "compared with": ", ".join(f"{root['subject']} ({root['sha256']})" for root in report["trusted"]["given"]),
        "stores of browsers": ", ".join(report["trusted"]["browsers"]),
    })  # fmt: skip


def _addresses(report: dict[str, Any]) -> Iterator[str]:
    for address in report["addresses"]:
        yield f"<h2>Seen at {escape(address['address'])}</h2>"
        yield from _table({
            "names": ", ".join(address["names"]),
            "protocol": address["version"],
            "device's clock": address["device_clock"] or "",
            "root": address["root"] or "not known",
            "root's SHA-256": address["root_sha256"] or "",
            "trusted by": ", ".join(address["trusted_by"]) or "nothing here",
        })  # fmt: skip
        for place, certificate in enumerate(address["chain"]):
            yield f"<details><summary>certificate {place}: {escape(certificate['subject'])}</summary>"
            yield from _table(
                {name: certificate[name] for name in ("issuer", "serial", "not_before", "not_after", "sha256")}
            )
            yield f"<pre>{escape(certificate['pem'])}</pre></details>"


def _looks(report: dict[str, Any]) -> Iterator[str]:
    yield '<h2 id="looks">Every look</h2><div class="wide" role="region" aria-labelledby="looks" tabindex="0">'
    yield "<table><thead><tr>"
    columns = ("address", "sni", "offered", "outcome", "words", "version", "alpn", "resumed", "certificates")
    yield "".join(f'<th scope="col">{escape(column)}</th>' for column in columns) + "</tr></thead><tbody>"
    for look in report["looks"]:
        cells = (_cell(look[column]) for column in columns)
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _table(rows: dict[str, str]) -> Iterator[str]:
    yield "<table>"
    for name, value in rows.items():
        if value:
            yield f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
    yield "</table>"
