"""Which platform and language a browser says that it has. Both are guesses that a person can overrule."""

from __future__ import annotations

from collections.abc import Mapping

from dotlocal.guide import LANGUAGES

_LONGEST = 1024  # of a header that is looked at: it is a stranger's

# The first row whose words are all there. iPads ask for desktop pages and then say Macintosh, which is why the page for
# macOS has to mention them.
_USER_AGENTS = (
    (("Windows NT",), "windows"),
    (("iPhone",), "ios"),
    (("iPad",), "ios"),
    (("iPod",), "ios"),
    (("Android", "Firefox/"), "firefox-android"),
    (("Android",), "android"),
    (("CrOS",), "chromeos"),
    (("Macintosh",), "macos"),
    (("Linux", "Firefox/"), "firefox"),
    (("X11", "Firefox/"), "firefox"),  # the BSDs
    (("Java/",), "java"),
    (("Java-http-client/",), "java"),
    (("curl/",), "terminal"),
    (("Wget/",), "terminal"),
    (("python-",), "terminal"),
    (("Linux",), "linux"),
    (("X11",), "linux"),
)
# Sec-CH-UA-Platform (User-Agent Client Hints): Chromium's browsers say it on https, and leave the old header vague.
_HINTS = {
    "windows": "windows", "macos": "macos", "ios": "ios", "android": "android", "linux": "linux",
    "chrome os": "chromeos", "chromium os": "chromeos",
}  # fmt: skip


def platform_of(user_agent: str, client_hints: Mapping[str, str] | None = None) -> str:
    """The key of a platform, or "" if nothing is known. `client_hints` are headers by lower-case name."""
    said = (client_hints or {}).get("sec-ch-ua-platform", "")[:_LONGEST].strip().strip('"').lower()
    if said in _HINTS:
        return _HINTS[said]
    agent = user_agent[:_LONGEST]
    return next((key for words, key in _USER_AGENTS if all(word in agent for word in words)), "")


def language_of(accept_language: str) -> str:
    """The language of LANGUAGES that an Accept-Language header likes best (RFC 9110 12.5.4); the first if none."""
    best, found = 0.0, next(iter(LANGUAGES))
    for item in accept_language[:_LONGEST].split(","):
        tag, _, weight = item.strip().lower().partition(";")
        language = tag.strip().partition("-")[0]
        liked = _quality(weight)
        if language in LANGUAGES and liked > best:
            best, found = liked, language
    return found


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    whole = value.strip().replace(".", "", 1)
    # only digits, and few of them: `float` also takes nan, inf and a million digits
    return float(value) if name.strip() == "q" and whole.isascii() and whole.isdigit() and len(whole) <= 4 else 0.0
