"""One request to a WSGI application, held to the protocol by wsgiref's validator."""

from __future__ import annotations

from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from help_device import HOST

from dotlocal.device.help.app import Help


class Answer:
    def __init__(self, app: Help, path: str = "/", query: str = "", **environ: str) -> None:
        given: dict[str, Any] = {"HTTP_HOST": HOST, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": ""}
        given |= environ
        setup_testing_defaults(given)

        def start(status: str, headers: list[tuple[str, str]], error: object = None) -> object:
            self.status, self.fields = int(status.split()[0]), {name.lower(): value for name, value in headers}
            return lambda data: None

        answered = validator(app)(given, start)
        self.body = b"".join(answered)
        answered.close()

    @property
    def text(self) -> str:
        return self.body.decode()
