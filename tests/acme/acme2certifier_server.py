"""Run by the Python that has acme2certifier: its WSGI application behind TLS. HOST PORT CERTIFICATE KEY."""

import ssl
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from acme2certifier.share.acme2certifier_wsgi import application


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def setup_environ(self) -> None:
        super().setup_environ()
        self.base_environ["HTTPS"] = "on"
        self.base_environ["SERVER_PORT"] = "443"  # the URLs that it hands out then keep the Host that was asked for


host, port, certificate, key = sys.argv[1:]
server = Server((host, int(port)), WSGIRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.set_app(application)
sys.stderr.write("serving\n")
server.serve_forever()
