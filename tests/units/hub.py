"""A server of this machine that answers as a hub of weights does, and in ways in which none should."""

import hashlib
import http.server
import threading
import time

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Hub(http.server.ThreadingHTTPServer):
    """Names the digest of `CONTENT`, and sends it in the next of the ways that a test lists; the last counts for all.

    Attributes
    ----------
    names
        Ends of the files that are there.
    asked
        What was asked for: path and range.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ways, self.names, self.asked = ["whole"], [".safetensors"], []
        self.address = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> "Hub":
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        if not self.path.endswith(tuple(self.server.names)):
            self._head(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": "a" * 40})
            return
        told = {"X-Repo-Commit": "a" * 40, "X-Linked-Etag": f'"{DIGEST}"', "X-Linked-Size": len(CONTENT)}
        self._head(200, {**told, "ETag": f'"{DIGEST}"', "Content-Length": len(CONTENT)})

    def do_GET(self) -> None:
        wanted, ways = self.headers.get("Range"), self.server.ways
        way = ways.pop(0) if len(ways) > 1 else ways[0]
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        self.server.asked.append((self.path, start))
        rest = CONTENT[start:]
        told, sent = {
            "whole": (len(rest), rest),
            "breaks": (len(rest), rest[: len(rest) // 2]),
            "stalls": (len(rest), rest[: len(rest) // 2]),
            "says less": (1000, rest),
            "says more": (len(rest) + 1000, rest),
            "other": (len(rest), rest[:-1] + b"x"),
            "busy": (0, b""),
        }[way]
        more = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if start else {}
        self._head(503 if way == "busy" else 206 if start else 200, {"Content-Length": told, **more})
        self.wfile.write(sent)
        self.wfile.flush()
        if way == "stalls":
            time.sleep(1.5)

    def _head(self, status: int, lines: dict[str, object]) -> None:
        self.send_response(status)
        for name, value in lines.items():
            self.send_header(name, str(value))
        self.end_headers()
