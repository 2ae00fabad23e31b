"""What a person does to trust a root, platform by platform, in words. Pure, standard library only; may import core.

    platform = detect.platform_of(user_agent) or "windows"
    told = guide.told(platform, "de")
    for step in told.install:
        print(markup.plain(step.format(**facts)))

The device's pages and what an administrator hands out say the same, because both say what is written here.
"""

from __future__ import annotations

from dotlocal.guide import english, german
from dotlocal.guide.platforms import BY_KEY, PLATFORMS, FileKind, Platform
from dotlocal.guide.told import FACTS, Told

__all__ = ["BY_KEY", "FACTS", "LANGUAGES", "PLATFORMS", "FileKind", "Platform", "Told", "told"]

# Language tag → name in that language; the first is what nobody's choice falls back to.
LANGUAGES = {"en": "English", "de": "Deutsch"}
_TOLD = {"en": english.TOLD, "de": german.TOLD}


def told(platform: str, language: str) -> Told:
    """The instructions for a key of PLATFORMS in a language of LANGUAGES."""
    return _TOLD[language][platform]
