# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""One client's TLS connection, the one to the back end behind it, and the bytes between them.

Rules that this file obeys:

1. It never waits. Whatever can't be done now is done when an endpoint is ready, or when the deadline has come.
2. Memory is bounded: who sends faster than the other side takes is not read from until there is room again.
3. Each direction ends by itself. The client's close_notify becomes a FIN to the back end, the back end's FIN a
   close_notify to the client, and the other direction flows on (RFC 8446 6.1).
4. A broken stream never looks like a finished one. A client's FIN without a close_notify may be anybody's forgery
   (a truncation attack), so the back end gets what was authentic and then a reset, which is the only sign of a broken
   stream that TCP has. A back end's reset becomes an end without close_notify: TLS has a sign of its own, and a reset
   would on many systems destroy the answer before it, that of a server which refuses an upload halfway.
"""

from __future__ import annotations

from _socket import socket

from dotlocal.device.serve.back_end import BAD_GATEWAY, BackEnd
from dotlocal.device.serve.endpoint import READ, WRITE, Endpoint, Poll
from dotlocal.device.serve.limits import Limits
from dotlocal.host import tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.serve.acme_tls import Peek

_CHUNK = 32768  # OpenSSL's buffers grow to what they are given once, and stay so for as long as a connection is open
_RECORD = 16384  # the most that one TLS record holds (RFC 8446 5.1); asking for less could leave half a record behind


class Phase:
    """How far a relay has come; REFUSED: no back end could be connected, the client gets a page that says so."""

    HANDSHAKE, CONNECTING, OPEN, REFUSED = range(4)


class Flow:
    """The state of one direction, as its sender has left it."""

    OPEN, ENDED, CUT = range(3)


class Relay:
    """A client and its back end: `advance` when an endpoint is ready, `expire` after `deadline`, until `closed`."""

    __slots__ = (
        "_answer", "_attempt", "_back", "_back_end", "_back_finished", "_challenged", "_client", "_deaf", "_failure",
        "_farewell_said", "_finished_at", "_gone", "_hungry", "_incoming", "_limits", "_outgoing", "_peek", "_phase",
        "_poll", "_preamble", "_request", "_started", "_tls", "_to_back", "_to_client", "client", "closed", "stirred",
    )  # fmt: skip

    def __init__(
        self,
        connection: socket,
        *,
        client: str,
        poll: Poll,
        context: tls.SSLContext,
        back_end: BackEnd,
        preamble: bytes,
        limits: Limits,
        now: float,
        peek: Peek | None = None,
    ) -> None:
        """Takes the accepted connection over; `preamble` goes to the back end before the client's own bytes.

        `client` is the address that it comes from; `peek`, where there is one, sees its first bytes before TLS does.
        """
        self.client = client
        self._peek = peek
        self._challenged = False  # it asked for nothing but the proof that a name is this device's
        self._incoming = tls.MemoryBIO()
        self._outgoing = tls.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._back_end = back_end
        self._limits = limits
        self._preamble = preamble
        self._poll = poll
        self._client = Endpoint(connection, self, poll)
        self._back: Endpoint | None = None
        self._phase = Phase.HANDSHAKE
        self._started = now  # of this phase
        self._request = self._answer = Flow.OPEN
        self._to_back = bytearray()  # plain text
        self._to_client = bytearray()  # TLS records
        self._hungry = True  # TLS has nothing more to give until the client sends more
        self._gone = False  # the client's TCP stream has ended
        self._deaf = False  # the back end takes nothing any more, so what the client still sends is thrown away
        self._farewell_said = False  # our close_notify is out
        self._back_finished = False  # our FIN to the back end is out
        self._finished_at: float | None = None  # our FIN to the client is out
        self._attempt = 0
        self._failure = OSError("no address")
        self.stirred = now  # when a byte last moved
        self.closed = False
        self._attend()

    @property
    def shaking_hands_since(self) -> float | None:
        """When the handshake began, or None when it is over."""
        return self._started if self._phase == Phase.HANDSHAKE else None

    @property
    def deadline(self) -> float:
        """The moment at which `expire` is due if nothing moves until then."""
        limits = self._limits
        if self._phase == Phase.HANDSHAKE:
            return self._started + limits.handshake
        if self._phase == Phase.CONNECTING:
            return self._started + limits.connect
        if self._finished_at is not None and self._back is None:
            return self._finished_at + limits.linger
        if self._phase == Phase.REFUSED and self._answer == Flow.OPEN:
            return self._started + limits.handshake
        # Half-closed for long: the other side has most likely gone altogether, and TCP can't tell us.
        halved = self._request != Flow.OPEN or self._answer != Flow.OPEN
        due = self.stirred + (limits.stall if halved else limits.idle)
        if self._to_client:
            due = min(due, self._client.moved + limits.stall)
        if self._to_back and self._back:
            due = min(due, self._back.moved + limits.stall)
        return due

    def expire(self, now: float) -> None:
        """Do what is due when the deadline has passed: give up, or try the back end's next address."""
        if self._phase == Phase.CONNECTING:
            self._unreachable(TimeoutError("timed out"), now)
            self._guarded(now)
        else:
            self.abort()

    def advance(self, endpoint: Endpoint, events: int, now: float) -> None:
        """Do everything that can be done now. Raises nothing for what a peer does."""
        try:
            if endpoint is self._client:
                if endpoint.readable(events):
                    self._hear_client(now)
            elif endpoint is self._back:
                if self._phase == Phase.CONNECTING:
                    self._meet_back_end(endpoint, now)
                elif endpoint.readable(events):
                    self._hear_back_end(endpoint, now)
        except OSError:
            self._fail()
        self._guarded(now)

    def abort(self) -> None:
        """Break off both connections so that neither side can take it for an end."""
        if self.closed:
            return
        self.closed = True
        self._client.close(reset=self._finished_at is None)
        if self._back:
            self._back.close(reset=not self._back_finished or self._answer != Flow.ENDED)

    # The two sides

    def _hear_client(self, now: float) -> None:
        try:
            arrived = self._client.receive(_CHUNK)
        except OSError:
            arrived = b""  # a reset: gone, just as after a FIN without close_notify
        if arrived is None:
            return
        self.stirred = now
        if arrived and self._peek:
            arrived = self._look(self._peek, arrived)
            if not arrived:
                return  # still hungry: nothing can be told yet
        self._hungry = False
        if arrived:
            self._incoming.write(arrived)
        else:
            self._gone = True

    def _look(self, peek: Peek, arrived: bytes) -> bytes:
        """What TLS is to be given, nothing while that is undecided; a pending challenge gets a context of its own."""
        seen = peek.feed(arrived)
        if seen is None:
            return b""
        self._peek = None
        first, context = seen
        if context:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
            self._challenged = True
        return first

    def _hear_back_end(self, back: Endpoint, now: float) -> None:
        try:
            arrived = back.receive(_CHUNK)
        except OSError:
            self._answer = Flow.CUT
            self._hang_up()
            self._stop_delivering()
            return
        if arrived is None:
            return
        self.stirred = now
        if arrived:
            self._tls.write(arrived)
        else:
            self._answer = Flow.ENDED

    def _dial(self, now: float) -> None:
        while True:
            try:
                connection = self._back_end.dial(self._attempt)
            except OSError as failure:
                self._failure = failure
                self._attempt += 1
                continue
            self._attempt += 1
            self._started = now
            if connection is None:
                self._phase = Phase.REFUSED
                self._back_end.lost(self._failure)
            else:
                self._phase = Phase.CONNECTING
                self._back = Endpoint(connection, self, self._poll)
            return

    def _meet_back_end(self, back: Endpoint, now: float) -> None:
        failure = back.failure()
        if failure:
            self._unreachable(failure, now)
        else:
            self._phase, self._started = Phase.OPEN, now
            self._to_back[:0] = self._preamble
            back.moved = now

    def _unreachable(self, failure: OSError, now: float) -> None:
        self._failure = failure
        self._hang_up()
        self._dial(now)

    def _hang_up(self) -> None:
        if self._back:
            self._back.close(reset=True)
        self._back = None

    def _stop_delivering(self) -> None:
        self._deaf = True
        self._to_back.clear()

    # The bytes between them

    def _guarded(self, now: float) -> None:
        if self.closed:
            return
        try:
            self._carry(now)
        except OSError:  # SSLError is one: garbage, a forged record, an alert that refuses us, a vanished peer
            self._fail()
        if not self.closed:
            self._attend()

    def _carry(self, now: float) -> None:
        if not self._to_client:
            self._client.moved = now
        if not self._to_back and self._back:
            self._back.moved = now
        if self._phase == Phase.HANDSHAKE:
            self._shake_hands(now)
        if self._phase != Phase.HANDSHAKE:
            self._decrypt()
            while self._deliver(now) and not self._hungry:
                self._decrypt()
            if self._phase == Phase.REFUSED and self._answer == Flow.OPEN:
                self._apologise()
            if self._answer == Flow.ENDED and not self._farewell_said:
                self._bid_farewell()
        self._flush(now)
        self._settle(now)

    def _shake_hands(self, now: float) -> None:
        try:
            self._tls.do_handshake()
        except tls.SSLWantReadError:
            if self._gone:
                raise ConnectionAbortedError from None
            self._hungry = True
        else:
            if not self._challenged:
                self._dial(now)
                return
            # RFC 8737 3: this handshake was the whole answer, and no data follows it
            self._phase, self._answer, self._deaf = Phase.REFUSED, Flow.ENDED, True

    def _decrypt(self, *, everything: bool = False) -> None:
        while self._request == Flow.OPEN and (everything or self._deaf or len(self._to_back) < self._limits.buffer):
            try:
                plain = self._tls.read(_RECORD)
            except tls.SSLWantReadError:
                self._hungry = True
                if self._gone:
                    self._request = Flow.CUT
                return
            except tls.SSLZeroReturnError:
                plain = b""  # that is how it is told once our own close_notify is out
            if not plain:
                self._request = Flow.ENDED
            elif not self._deaf:
                self._to_back += plain

    def _deliver(self, now: float) -> bool:
        if self._phase != Phase.OPEN or not self._back:
            return False
        try:
            moved = self._back.send(self._to_back, now)
        except OSError:
            # It has stopped listening but may well have answered first, as servers do that refuse an upload.
            self._stop_delivering()
            return True
        if moved:
            self.stirred = now
        return moved

    def _apologise(self) -> None:
        # Not before there is a request: browsers connect ahead of time, and drop what speaks before it is asked.
        if not self._to_back and self._request == Flow.OPEN:
            return
        self._stop_delivering()
        self._tls.write(BAD_GATEWAY)
        self._answer = Flow.ENDED

    def _bid_farewell(self) -> None:
        # OpenSSL reads on after sending a close_notify, and throws away the data that it finds: take it out first.
        self._decrypt(everything=True)
        self._farewell_said = True
        try:
            tls.close_notify(self._tls)
        except tls.SSLWantReadError:
            pass  # the client's own close_notify is yet to come

    def _flush(self, now: float) -> None:
        if self._outgoing.pending:
            self._to_client += self._outgoing.read()
        if self._client.send(self._to_client, now):
            self.stirred = now

    def _settle(self, now: float) -> None:
        if self._request == Flow.CUT and not self._to_back:
            self.abort()
            return
        if self._deaf and self._answer == Flow.ENDED:
            self._hang_up()
        if self._request == Flow.ENDED and self._phase == Phase.OPEN and self._back and not self._to_back:
            if not self._back_finished:
                self._back.finish()
            self._back_finished = True
        if self._answer != Flow.OPEN and not self._to_client and self._finished_at is None:
            self._client.finish()
            self._finished_at = now
        if self._finished_at is not None and self._request == Flow.ENDED and (not self._back or self._back_finished):
            self.abort()

    def _fail(self) -> None:
        try:
            self._to_client += self._outgoing.read()
            self._client.send(self._to_client, 0.0)
            if not self._to_client:
                self._client.finish()
                self._finished_at = 0.0
        except OSError:
            pass  # an alert helps those who have to find out why, but not where nobody takes it
        self.abort()

    def _attend(self) -> None:
        room = len(self._to_client) < self._limits.buffer
        takes = self._deaf or len(self._to_back) < self._limits.buffer
        # Twice the buffer is only ever reached by answers that TLS itself makes, to floods of key updates and the like.
        tolerable = len(self._to_client) < 2 * self._limits.buffer + 2 * _CHUNK
        hears = self._request == Flow.OPEN and not self._gone and self._hungry and takes and tolerable
        self._client.want(READ * hears + WRITE * bool(self._to_client))
        if self._back is None:
            return
        if self._phase == Phase.CONNECTING:
            self._back.want(WRITE)
        else:
            listens = self._answer == Flow.OPEN and room
            self._back.want(READ * listens + WRITE * bool(self._to_back))
