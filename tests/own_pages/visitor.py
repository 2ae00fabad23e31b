"""Somebody without a browser: requests to the application, held to WSGI by wsgiref's validator; cookies are kept."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from pages_device import NAME, PASSWORD

HEADER = "X-Dotlocal-Connection"


class Answer:
    """What came back."""

    def __init__(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.listed = fields
        self.fields = {name.lower(): value for name, value in fields}
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.text)
        return found[1] if found else ""


class Visitor:
    """Over HTTPS, as the web server in front would tell of it."""

    def __init__(self, app: Any, *, client: str = "192.0.2.9", connection: str = "https=on") -> None:
        self.app = app
        self.client = client
        self.connection = connection
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    def ask(self, path: str = "", method: str = "GET", body: bytes = b"", **environ: str) -> Answer:
        given: dict[str, Any] = {
            "REQUEST_METHOD": method, "HTTP_HOST": NAME, "PATH_INFO": f"/{path.partition('?')[0]}", "SCRIPT_NAME": "",
            "QUERY_STRING": path.partition("?")[2],
            "HTTP_X_DOTLOCAL_CONNECTION": f"client={self.client};{self.connection}",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)),
        }  # fmt: skip
        given |= environ
        if not body:
            given.pop("CONTENT_LENGTH") if "CONTENT_LENGTH" not in environ else None
        setup_testing_defaults(given)
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], error: object = None) -> Any:
            told.append((int(status.split()[0]), headers))
            return lambda data: None

        answered = validator(self.app)(given, start)
        answer = Answer(*told[0], b"".join(answered))
        answered.close()
        for name, value in answer.listed:
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        self.csrf = answer.csrf or self.csrf
        return answer

    def post(self, path: str, fields: dict[str, str] | None = None, **environ: str) -> Answer:
        """A form with its token, and what a browser says of where it comes from."""
        body = urlencode({"csrf": self.csrf, **(fields or {})}).encode()
        given = {
            "CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_ORIGIN": f"https://{NAME}",
            "HTTP_SEC_FETCH_SITE": "same-origin", **environ,
        }  # fmt: skip
        return self.ask(path, "POST", body, **given)

    def upload(self, path: str, *files: bytes, **environ: str) -> Answer:
        parts = [("csrf", None, self.csrf.encode()), *(("files", f"{n}.pem", each) for n, each in enumerate(files))]
        body = b"".join(
            b"--edge\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n%s\r\n"
            % (name.encode(), f'; filename="{file}"'.encode() if file else b"", contents)
            for name, file, contents in parts
        )  # fmt: skip
        kind = {"CONTENT_TYPE": "multipart/form-data; boundary=edge", "HTTP_ORIGIN": f"https://{NAME}", **environ}
        return self.ask(path, "POST", body + b"--edge--\r\n", **kind)

    def sign_in(self, password: str = PASSWORD) -> Answer:
        self.ask()
        answer = self.post("login", {"password": password})
        if answer.status == 303:
            self.ask()
        return answer
