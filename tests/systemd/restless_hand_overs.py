"""Runs in the machine, beside restless.py: hand-overs under clients that never rest; says in JSON how it went."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from restless import put_site, settle, under_load, wait_until


def main(times: int) -> None:
    put_site(Path("/www"))
    with under_load(443) as load:
        wait_until(lambda: load.tally.connections > 5)
        handed, closed = [], []
        for _ in range(times):
            before = load.tally.reconnects
            booted = subprocess.run(["dotlocal", "device", "boot", "--json"], stdout=subprocess.PIPE, check=True)
            handed.append(json.loads(booted.stdout)["handover"])
            settle(load.tally, before + 1)
            closed.append(load.tally.reconnects - before)
    sys.stdout.write(json.dumps({"handed": handed, "closed": closed, **vars(load.tally)}) + "\n")


main(int(sys.argv[1]))
