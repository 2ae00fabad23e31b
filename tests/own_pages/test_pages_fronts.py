"""Behind real web servers: what a connection from before the switch proves, what a new one does, what clients claim."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from pathlib import Path
from urllib.parse import urlencode

import pytest
from authorities import OpenSSL
from customer import Customer, numbered
from fronts import FRONTS
from pages_device import ADDRESS, NAME, PASSWORD, PATIENCE, PagesDevice
from web_servers import place

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("own-pages-fronts")]
FORGED = {"X-Dotlocal-Connection": "client=10.9.9.9;https=on;serial=1", "X_Dotlocal_Connection": "client=10.9.9.9"}


class Client:
    """A browser without a screen: cookies, forms, and connections that it opens when it likes."""

    def __init__(self, port: int, path: str) -> None:
        self.port, self.path = port, path
        self.cookies: dict[str, str] = {}
        self.csrf = ""
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self.port}"

    def connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        return self.context.wrap_socket(plain, server_hostname=NAME)

    def head(self, method: str, page: str, **more: str) -> str:
        fields = {
            "Host": f"{NAME}:{self.port}", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **more,
        }  # fmt: skip
        return f"{method} {self.path}{page} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())

    def read(self, connection: ssl.SSLSocket) -> tuple[int, str]:
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        for value in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = value.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        text = answer.read().decode()
        self.csrf = (re.findall(r'name="csrf" value="([^"]+)"', text) or [self.csrf])[-1]
        return answer.status, text

    def get(self, page: str, **more: str) -> tuple[int, str]:
        with self.connect() as connection:
            connection.sendall(f"{self.head('GET', page, **more)}\r\n".encode())
            return self.read(connection)

    def post(self, page: str, body: bytes = b"", kind: str = "", **fields: str) -> tuple[int, str]:
        sent = body or urlencode({"csrf": self.csrf, **fields}).encode()
        kind = kind or "application/x-www-form-urlencoded"
        length = {"Content-Type": kind, "Content-Length": str(len(sent)), "Origin": self.origin}
        with self.connect() as connection:
            connection.sendall(f"{self.head('POST', page, **length)}\r\n".encode() + sent)
            return self.read(connection)

    def upload(self, contents: bytes, passphrase: str) -> None:
        parts = [
            ('"csrf"', self.csrf.encode()),
            ('"passphrase"', passphrase.encode()),
            ('"files"; filename="a.pfx"', contents),
        ]
        body = b"".join(
            b"--edge\r\nContent-Disposition: form-data; name=%s\r\n\r\n%s\r\n" % (name.encode(), value)
            for name, value in parts
        )
        assert self.post("import", body + b"--edge--\r\n", "multipart/form-data; boundary=edge")[0] == 303


@pytest.mark.parametrize("name", FRONTS)
def test_only_a_connection_that_began_with_the_new_certificate_confirms(
    name: str, device: PagesDevice, openssl: OpenSSL, tmp_path: Path
) -> None:
    """A request was half sent before the switch, and the rest of it after: no button. Anew: a button, and confirmed."""
    with device.pages("--connection-header", "X-Dotlocal-Connection") as behind:
        at = place(tmp_path / "front", device.run, device.command)
        with FRONTS[name](at, behind) as (running, path):  # type: ignore[attr-defined]
            settings = device.config.read_text()
            device.config.write_text(f"{settings}{running.settings}")
            client = Client(at.port, path)
            assert client.get("", **FORGED)[0] == 200
            assert client.post("login", password=PASSWORD)[0] == 303
            client.get("import")
            client.upload(openssl.pfx(f"DNS:{NAME},IP:{ADDRESS}", "correct horse"), "correct horse")
            _, review = client.get("review")
            with client.connect() as before:
                before.sendall(client.head("GET", "probation").encode())
                accept = {"accept": "on"} if 'name="accept"' in review else {}
                status, text = client.post("take", minutes="10", **accept)
                assert status == 200, text
                assert "probation" in device.status["own"], text
                assert f"{client.origin}{path}probation" in text
                before.sendall(b"\r\n")
                status, text = client.read(before)
            assert status == 200
            assert 'action="confirm"' not in text, text
            status, text = client.get("probation", **FORGED)
            assert 'action="confirm"' in text, text
            assert client.post("confirm")[0] == 303
            assert "probation" not in device.status["own"]
            assert "Confirmed." in client.get("")[1]


def test_a_connection_with_another_certificate_of_the_same_number_confirms_nothing(
    device: PagesDevice, tmp_path: Path
) -> None:
    """Two CAs of a customer's that count from 1. A connection was given number 1 by the first, and asks after the
    switch to number 1 by the second, through `device serve`: no button. Anew: a button, and confirmed.
    """
    authorities = (Customer().root.authority(f"Example Works Issuing CA {number}") for number in (1, 2))
    files = [tmp_path / "first.pem", tmp_path / "second.pem"]
    for file, authority in zip(files, authorities, strict=True):
        file.write_bytes(numbered(authority, 1, hosts=(NAME, ADDRESS))[0])
    device("device", "own", "import", str(files[0]), "--accept", "--confirm")
    with device.served() as port:
        client = Client(port, "/")
        client.get("")
        assert client.post("login", password=PASSWORD)[0] == 303
        with client.connect() as before:
            before.sendall(client.head("GET", "probation").encode())
            device("device", "own", "import", str(files[1]), "--accept")
            assert device.status["serial"] == "1"
            before.sendall(b"\r\n")
            status, text = client.read(before)
        assert status == 200
        assert 'action="confirm"' not in text, text
        _, text = client.get("probation")
        assert 'action="confirm"' in text, text
        assert client.post("confirm")[0] == 303
        assert "probation" not in device.status["own"]
