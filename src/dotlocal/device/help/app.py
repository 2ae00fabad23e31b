"""The pages as a WSGI application (PEP 3333): which host, platform and language, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote

from dotlocal.device.help import facts as facts_of
from dotlocal.device.help import page, profile
from dotlocal.device.help.facts import Facts, Root
from dotlocal.device.help.view import View
from dotlocal.device.store import RUN
from dotlocal.device.web import hosts, http, look
from dotlocal.device.web.hosts import Host
from dotlocal.guide import BY_KEY, LANGUAGES, detect
from dotlocal.guide.platforms import FILE_KINDS, FileKind

PROBE_PORT = 7443
# Read while whoever started us can read it, which after `--user` may be no more.
_ASSETS = {**look.ASSETS, "script.js": look.asset("dotlocal.device.help", "script.js")}
_ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))
_FRAMED = (("X-Frame-Options", "DENY"), ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"))
_LONGEST_QUERY = 200

Environ = Mapping[str, Any]
StartResponse = Callable[..., Any]


def application(
    run: str = RUN, *, https_port: int = 443, probe_port: int = PROBE_PORT, redirect: bool = False, hsts: bool = False,
    also: Collection[str] = (),
) -> Help:  # fmt: skip
    """A WSGI application with the pages, for any path of any web server on the device.

    `https_port` is where the device's web interface has HTTPS, `probe_port` where `device serve` has the probe.
    `redirect` and `hsts` are for browsers that have proved their trust, and for no others. `also` are names that the
    device answers to besides those of its certificate.
    """
    return Help(str(run), https_port, probe_port, redirect=redirect, hsts=hsts, also=also)


class Help:
    """The application. It holds nothing between requests, so any number of threads may call it."""

    __slots__ = ("_also", "_hsts", "_https_port", "_probe_port", "_redirect", "_run")

    def __init__(
        self, run: str, https_port: int, probe_port: int, *, redirect: bool, hsts: bool, also: Collection[str]
    ) -> None:
        self._run = run
        self._https_port = https_port
        self._probe_port = probe_port
        self._redirect = redirect
        self._hsts = hsts
        self._also = frozenset(name.lower() for name in also)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        answer = self.answer(environ)
        length = ("Content-Length", str(len(answer.body)))
        start_response(f"{answer.status} {http.REASONS[answer.status]}", [*answer.fields, length])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def answer(self, environ: Environ) -> http.Answer:
        """The answer to one request, without its length."""
        if environ["REQUEST_METHOD"] not in http.METHODS:
            return http.failure(405)
        base = "/" + quote(environ.get("SCRIPT_NAME", "").strip("/"), safe="/")
        if not environ.get("PATH_INFO") and base != "/":
            # relative links need the slash; one at the front and no more, or the rest would be read as a host
            return http.Answer(308, (("Location", f"{base}/"), ("Cache-Control", "no-store")))
        name = environ.get("PATH_INFO", "").removeprefix("/")
        if name in _ASSETS:
            return http.Answer(200, (*_ASSETS[name].fields, *_ALWAYS), _ASSETS[name].body)
        facts = facts_of.look(self._run)
        host = hosts.parse(environ.get("HTTP_HOST", ""))
        if host is None:
            return http.failure(400)
        if facts is not None and not hosts.answers(host, facts.known | self._also):
            return http.failure(421, page.OTHER_NAME)
        query = _query(environ)
        language = query.get("lang", "")
        if language not in LANGUAGES:
            language = detect.language_of(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        if facts is None:
            return _html(503, page.starting(language), "default-src 'none'; style-src 'self'; img-src 'self'")
        if name:
            return _file(name, facts.root, language) or http.failure(404)
        return self._page(environ, facts, host, language, query.get("platform", ""))

    def _page(self, environ: Environ, facts: Facts, host: Host, language: str, wanted: str) -> http.Answer:
        if wanted not in BY_KEY:
            agent = environ.get("HTTP_USER_AGENT", "")
            hints = {"sec-ch-ua-platform": environ.get("HTTP_SEC_CH_UA_PLATFORM", "")}
            wanted = detect.platform_of(agent, hints) or "windows"
        scheme = "https" if environ.get("wsgi.url_scheme") == "https" else "http"
        path = "/" + quote(environ.get("SCRIPT_NAME", "").strip("/") + "/", safe="/").lstrip("/")
        view = View(
            facts, language, BY_KEY[wanted], host, scheme, path, self._https_port, self._probe_port,
            self._redirect and scheme == "http" and not environ.get("QUERY_STRING"), self._hsts,
        )  # fmt: skip
        asked = f"{host.in_url}:{self._probe_port}"
        probed = (
            f"; connect-src https://{asked} http://{asked}; script-src 'self'" if facts.probed and view.covered else ""
        )
        return _html(200, page.page(view), f"default-src 'none'; style-src 'self'; img-src 'self'{probed}")


def _file(name: str, root: Root | None, language: str) -> http.Answer | None:
    kind = next((kind for kind in FILE_KINDS.values() if name == page.file_path(kind)), None)
    if kind is None or root is None:
        return None
    fields = (("Content-Type", kind.media_type), ("Content-Disposition", kind.disposition(root.slug + kind.suffix)))
    return http.Answer(200, (*fields, ("Cache-Control", "no-store"), *_ALWAYS), _contents(kind, root, language))


def _contents(kind: FileKind, root: Root, language: str) -> bytes:
    if kind.key == "profile":
        return profile.profile(root, page.profile_about(language, root))
    return root.pem.encode("ascii") if kind.key == "pem" else root.der


def _html(status: int, document: str, policy: str) -> http.Answer:
    closed = f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    vary = ("Vary", "Accept-Language, User-Agent, Sec-CH-UA-Platform")
    fields = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", closed),
        ("Cache-Control", "no-store"),
    )
    return http.Answer(status, (*fields, vary, *_ALWAYS, *_FRAMED), document.encode())


def _query(environ: Environ) -> dict[str, str]:
    text = environ.get("QUERY_STRING", "")
    if len(text) > _LONGEST_QUERY:
        return {}
    return {key: values[0] for key, values in parse_qs(text, max_num_fields=8).items()} if text.count("&") < 8 else {}
