"""The list of public suffixes that came with the optional package `publicsuffixlist`, or the rule without it."""

from __future__ import annotations

from dotlocal.browser.public_space import SuffixList
from dotlocal.core.public_suffix import by_rule


def load() -> SuffixList:
    """Whether a name is a public suffix: by the Public Suffix List where it is installed, else by its shape.

    Nothing is downloaded. Either way a name that passes is shown and must be confirmed, so that an old list, or none,
    makes an answer less sharp and never silent.
    """
    try:
        from publicsuffixlist import PublicSuffixList
    except ModuleNotFoundError:
        return by_rule
    listed = PublicSuffixList()
    return lambda name: by_rule(name) or bool(listed.is_public(name))
