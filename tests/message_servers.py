"""Chat groups and a mail server on this machine: they judge what they get as the real ones are documented to."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "SEC-of-the-group"
CARD = "application/vnd.microsoft.card.adaptive"


@dataclass
class Groups:
    """What arrived, as (path, content); answers to give before the usual ones, by path: (status, headers)."""

    url: str = ""
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    first: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    tries: int = 0


def _fault(path: str, query: dict[str, list[str]], body: bytes) -> str:
    """Why a group of the kind that the path names would not take this."""
    content = json.loads(body)
    if path == "/dingtalk":
        stamp = query.get("timestamp", ["0"])[0]
        expected = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        if query.get("sign", [""])[0] != base64.b64encode(expected).decode():
            return "sign not match"
        if abs(time.time() * 1000 - int(stamp)) > 3_600_000:
            return "timestamp expired"
        return "" if content["msgtype"] == "markdown" and set(content["markdown"]) == {"title", "text"} else "form"
    if path == "/wecom":
        return "" if len(content["markdown"]["content"].encode()) <= 4096 else "too long"
    if path == "/slack":
        head, section = content["blocks"]
        fits = len(head["text"]["text"]) <= 150 and len(section["text"]["text"]) <= 3000
        return "" if fits and content["text"] else "invalid_blocks"
    (attachment,) = content["attachments"]
    return "" if attachment["contentType"] == CARD and len(body) <= 28_000 else "card"


@contextmanager
def groups() -> Iterator[Groups]:
    """The groups dingtalk, wecom, slack and teams below one address."""
    state = Groups()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.tries += 1
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if state.first.get(parts.path):
                status, headers = state.first[parts.path].pop(0)
                return self._answer(status, b"{}", headers)
            fault = _fault(parts.path, parse_qs(parts.query), body)
            if fault:
                state.refused.append((parts.path, fault))
            else:
                state.taken.append((parts.path, json.loads(body)))
            polite = parts.path in ("/dingtalk", "/wecom")  # these two refuse with 200 and a code
            content = json.dumps({"errcode": 310000 if fault else 0, "errmsg": fault or "ok"}).encode()
            self._answer(200 if polite or not fault else 400, content if polite else b"ok", {})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """A mail server's port and the mails it took."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that knows as much of SMTP as one mail needs."""
    box = Mailbox()
    listener = socket.create_server(("127.0.0.1", 0))
    box.port = listener.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                _converse(stream, box)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield box
    finally:
        listener.close()


def _converse(stream: Any, box: Mailbox) -> None:
    def say(line: str) -> None:
        stream.write(line.encode() + b"\r\n")
        stream.flush()

    say("220 ready")
    while line := stream.readline():
        word = line[:4].upper()
        if word == b"DATA":
            say("354 go on")
            mail = b""
            while (part := stream.readline()) != b".\r\n":
                mail += part
            box.mails.append(mail)
        say("221 bye" if word == b"QUIT" else "250 ok")
        if word == b"QUIT":
            return
