"""Downloads from a server of this machine that breaks off, stalls, lies and serves other bytes."""

import hashlib
import http.server
import threading
import time

import pytest
import requests

from lucidag.ground.download import PIECE, Patience, download
from lucidag.ground.errors import InputError

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(tries=4, seconds=0.3, pause=0.01)


class Server(http.server.ThreadingHTTPServer):
    """Answers each request in the next of the ways that a test lists; the last one counts for all that follow."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ways, self.asked = [], []

    def address(self, *ways, name="file.bin"):
        self.ways = list(ways)
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        way = server.ways.pop(0) if len(server.ways) > 1 else server.ways[0]
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        getattr(self, way)(start)

    def head(self, status, length=None, **more):
        self.send_response(status)
        for name, value in {"Content-Length": length, **more}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def whole(self, start):
        rest = CONTENT[start:]
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        self.head(206 if start else 200, len(rest), **({"Content_Range": span} if start else {}))
        self.wfile.write(rest)

    def breaks(self, start):
        rest = CONTENT[start:]
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        self.head(206 if start else 200, len(rest), **({"Content_Range": span} if start else {}))
        self.wfile.write(rest[: len(rest) // 2])

    def stalls(self, start):
        rest = CONTENT[start:]
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        self.head(206 if start else 200, len(rest), **({"Content_Range": span} if start else {}))
        self.wfile.write(rest[: len(rest) // 2])
        self.wfile.flush()
        time.sleep(1)

    def silent(self, start):
        time.sleep(1)

    def everything(self, start):
        self.head(200, len(CONTENT))
        self.wfile.write(CONTENT)

    def elsewhere(self, start):
        self.head(206, len(CONTENT), Content_Range=f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.wfile.write(CONTENT)

    def says_less(self, start):
        self.head(200, 1000)
        self.wfile.write(CONTENT)

    def says_more(self, start):
        self.head(200, len(CONTENT) + 1000)
        self.wfile.write(CONTENT)

    def other(self, start):
        self.head(200, len(CONTENT))
        self.wfile.write(CONTENT[:-1] + b"x")

    def other_from_there(self, start):
        rest = bytes(len(CONTENT) - start)
        self.head(206, len(rest), Content_Range=f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.wfile.write(rest)

    def endless(self, start):
        self.head(200, None)
        for _ in range(400):
            self.wfile.write(bytes(2**20))

    def absent(self, start):
        self.head(404, 0)

    def busy(self, start):
        self.head(503, 0)

    def many(self, start):
        self.head(429, 0)

    def no_range(self, start):
        self.head(416 if start else 200, 0 if start else len(CONTENT))
        if not start:
            self.wfile.write(CONTENT)

    def elsewhere_by_redirect(self, start):
        self.head(302, 0, Location="file:///etc/passwd")


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.02,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def came(start):
    """Return how much is there after an answer from `start` on that broke off in its middle."""
    return start + (len(CONTENT) - start) // 2 // PIECE * PIECE


def assert_whole(folder):
    assert [file.name for file in folder.iterdir()] == ["file.bin"]
    assert (folder / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "ways",
    [
        ["whole"],
        ["breaks", "whole"],
        ["breaks", "breaks", "breaks", "whole"],
        ["stalls", "whole"],
        ["silent", "whole"],
        ["breaks", "everything"],
        ["breaks", "elsewhere"],
        ["breaks", "no_range", "no_range"],
        ["breaks", "other_from_there", "whole"],
        ["says_more", "whole"],
        ["says_less", "whole"],
        ["other", "whole"],
        ["busy", "many", "whole"],
    ],
    ids=" ".join,
)
def test_what_breaks_is_asked_again_and_is_whole_in_the_end(server, tmp_path, ways):
    download(tmp_path / "file.bin", [server.address(*ways)], DIGEST, QUICK)
    assert_whole(tmp_path)


def test_only_the_rest_is_asked_for(server, tmp_path):
    download(tmp_path / "file.bin", [server.address("breaks", "breaks", "whole")], DIGEST, QUICK)
    assert server.asked == [None, f"bytes={came(0)}-", f"bytes={came(came(0))}-"]
    assert came(came(0)) > 0.7 * len(CONTENT)


def test_a_later_run_goes_on_where_one_was_ended(server, tmp_path):
    with pytest.raises(InputError, match=r"file\.bin could not be downloaded: http.*file\.bin: "):
        download(tmp_path / "file.bin", [server.address("breaks")], DIGEST, Patience(tries=2, seconds=0.3, pause=0.01))
    assert not (tmp_path / "file.bin").exists()
    server.asked.clear()
    download(tmp_path / "file.bin", [server.address("whole")], DIGEST, QUICK)
    assert server.asked == [f"bytes={came(came(0))}-"]
    assert_whole(tmp_path)


@pytest.mark.parametrize(
    ("way", "said", "requests_"),
    [
        ("absent", "status 404", 1),
        ("busy", "status 503", 4),
        ("other", "it is not the file that was published", 4),
        ("says_less", "it is not the file that was published", 4),
        ("silent", "ReadTimeout", 4),
        ("endless", "it sends more than 1,048,576 bytes", 1),
        ("elsewhere_by_redirect", "InvalidSchema", 4),
    ],
)
def test_what_never_comes_is_told_in_one_line_and_leaves_nothing(server, tmp_path, way, said, requests_):
    with pytest.raises(InputError) as caught:
        download(tmp_path / "file.bin", [server.address(way)], DIGEST, QUICK, largest=2**20)
    assert said in str(caught.value)
    assert len(caught.value.lines) == 1
    assert len(server.asked) == requests_
    assert not list(tmp_path.glob("*.bin"))


def test_another_mirror_goes_on_where_the_first_broke(server, tmp_path):
    first = server.address("breaks", "absent", "whole")
    download(tmp_path / "file.bin", [first, f"{first}?again"], DIGEST, QUICK)
    assert server.asked == [None, *[f"bytes={came(0)}-"] * 2]
    assert_whole(tmp_path)


def test_a_pause_is_twice_as_long_each_time(server, tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    with pytest.raises(InputError, match="status 503"):
        download(tmp_path / "file.bin", [server.address("busy")], DIGEST, Patience(tries=5, seconds=1, pause=0.5))
    assert [each for each in waited if each] == [0.5, 1.0, 2.0, 4.0]


def test_one_of_several_processes_fetches(server, tmp_path):
    address = server.address("whole")
    threads = [
        threading.Thread(target=download, args=(tmp_path / "file.bin", [address], DIGEST, QUICK)) for _ in range(6)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert server.asked == [None]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://a/b", "/etc/passwd", "javascript:x"])
def test_other_addresses_are_refused(tmp_path, address):
    with pytest.raises(InputError, match="must begin with http"):
        download(tmp_path / "x", [address], DIGEST)


def test_what_is_there_is_not_asked_for(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(b"mine")
    monkeypatch.setattr(requests, "get", None)
    download(tmp_path / "x", ["http://127.0.0.1:9/x"], DIGEST)
    assert (tmp_path / "x").read_bytes() == b"mine"
