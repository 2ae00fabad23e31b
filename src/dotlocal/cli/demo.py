"""stub"""
from typing import Any


def add(actors: Any) -> None:
    """x"""
