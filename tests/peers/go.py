"""Go's crypto/tls and crypto/x509."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from .children import CLIENTS, START_SECONDS, LineClient, cache, environment, lacking
from .peer import Trouble


class Go(LineClient):
    id = "go"

    def missing(self) -> str | None:
        return lacking("go", package="golang-go")

    def command(self, scratch: Path) -> Sequence[str | Path]:
        program = scratch / "client"
        # Without cgo no C compiler is needed, without modules no network; the build cache makes the next run quick.
        settings = {
            "GOCACHE": str(cache() / "go-build"),
            "GO111MODULE": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
        }
        try:
            built = subprocess.run(
                ["go", "build", "-o", program, CLIENTS / "client.go"],
                env=environment(scratch, **settings),
                capture_output=True,
                timeout=START_SECONDS * 2,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise Trouble("go build did not end in time") from late
        if built.returncode != 0:
            raise Trouble(built.stderr.decode(errors="replace"))
        return [program]
