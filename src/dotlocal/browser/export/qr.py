"""QR codes, where segno is installed (`[tools]`): pages are complete without."""

from __future__ import annotations

from functools import lru_cache


def available() -> bool:
    """Whether there are any."""
    try:
        import segno  # noqa: F401  # an extra
    except ImportError:
        return False
    return True


@lru_cache(maxsize=4)  # every page has the same two
def svg(text: str) -> str:
    """The code as an `svg` element that fills its box, with the quiet zone that scanners want; empty without segno."""
    try:
        import segno  # an extra
    except ImportError:
        return ""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    return str(code.svg_inline(border=4, omitsize=True, svgclass=None, lineclass=None, light="#fff", dark="#000"))
