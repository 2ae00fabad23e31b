"""Java's JSSE with its PKIX trust manager and HTTPS endpoint identification."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .children import CLIENTS, LineClient, lacking


class Java(LineClient):
    id = "java"

    def missing(self) -> str | None:
        return lacking("java", "javac", package="openjdk-17-jdk-headless")

    def command(self, scratch: Path) -> Sequence[str | Path]:
        # Java compiles a single source file as it starts; the flags make a short-lived JVM quicker.
        return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", CLIENTS / "Client.java"]
