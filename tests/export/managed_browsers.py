"""Chromium and Firefox with fresh profiles in a machine of their own: what they trust, they were told by policy."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing

from private_machine import Machine

from peers.children import Child, Scratch
from peers.chromium import FLAGS, _Chromium, _DevTools
from peers.firefox import _Firefox, _Marionette, preferences
from peers.tunnel import Tunnel


class ManagedChromium(_Chromium):
    """A Chromium with an empty home."""

    def __init__(self, machine: Machine) -> None:
        with ExitStack() as started:
            home = started.enter_context(closing(Scratch())).path
            self._tunnel = started.enter_context(closing(Tunnel()))
            flags = [f"--user-data-dir={home / 'profile'}", f"--proxy-server=http://127.0.0.1:{self._tunnel.port}"]
            program, *words = machine.inside("chromium", "--no-sandbox", *FLAGS, *flags)
            self._tools = started.enter_context(closing(_DevTools(program, words, home=home)))
            self._started = started.pop_all()


class ManagedFirefox(_Firefox):
    """A Firefox with an empty profile."""

    def __init__(self, machine: Machine) -> None:
        with ExitStack() as started:
            home = started.enter_context(closing(Scratch())).path
            self._tunnel = started.enter_context(closing(Tunnel()))
            profile = home / "profile"
            profile.mkdir()
            settings = preferences(self._tunnel.port).items()
            lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings]
            (profile / "user.js").write_text("".join(lines))
            self.profile = profile
            flags = ["--headless", "--no-remote", "--marionette", "--profile", str(profile)]
            watched = '"$0" "$@" </dev/null & read -r _; kill -KILL 0'
            words = machine.inside("firefox-esr", *flags)
            started.enter_context(closing(Child(["sh", "-c", watched, *words], home=home)))
            self._marionette = started.enter_context(closing(_Marionette(profile / "MarionetteActivePort")))
            self._marionette.call("WebDriver:NewSession", acceptInsecureCerts=False)
            self._started = started.pop_all()
