"""Downloads of CLIP's weights from a server of this machine that breaks off, stalls, lies and serves other bytes."""

import os
import subprocess
import sys

import pytest
from huggingface_hub import constants

from lucidag.ground.errors import InputError
from lucidag.units.clip.published import fetch
from tests.units.hub import CONTENT, DIGEST, Hub


@pytest.fixture
def hub(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    with Hub() as found:
        yield found


@pytest.fixture
def fetched(hub, tmp_path):
    """Return a function that fetches from the server into a cache of the test's own."""
    return lambda file="": fetch("somebody/tiny", file, endpoint=hub.address, cache=str(tmp_path))


@pytest.mark.parametrize("ways", [["whole"], ["breaks", "whole"], ["stalls", "whole"]])
def test_what_the_hub_sends_in_the_end_is_whole(hub, fetched, ways):
    hub.ways = ways
    file = fetched()
    assert file.read_bytes() == CONTENT
    assert file.name == "open_clip_model.safetensors"
    asked = len(hub.asked)
    assert fetched() == file
    assert len(hub.asked) == asked  # what is there is not fetched again


def test_safetensors_are_taken_where_there_are_any(hub, fetched):
    assert fetched("tiny.bin").name == "tiny.safetensors"
    hub.names = [".bin"]
    assert fetched("other.bin").name == "other.bin"


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("other", rf"^somebody/tiny/\S+ is not the file that was published \(its SHA-256 is not {DIGEST[:12]}…\)"),
        ("says less", "could not be downloaded: Consistency check failed"),
        ("says more", "could not be downloaded: peer closed connection"),
        ("busy", "could not be downloaded: .*503"),
    ],
)
def test_a_hub_that_lies_is_told_of_and_nothing_stays(hub, fetched, tmp_path, monkeypatch, way, why):
    monkeypatch.setattr("time.sleep", lambda _: None)
    hub.ways = [way]
    with pytest.raises(InputError, match=why) as told:
        fetched()
    assert len(told.value.lines) == 1
    assert not list(tmp_path.rglob("*.safetensors"))
    hub.ways = ["whole"]
    assert fetched().read_bytes() == CONTENT


def test_a_changed_file_of_the_cache_is_not_used(fetched):
    file = fetched()
    file.resolve().write_bytes(b"x" * len(CONTENT))
    with pytest.raises(InputError, match="is not the file that was published"):
        fetched()
    assert fetched().read_bytes() == CONTENT


def test_a_file_that_is_not_there_is_named(hub, fetched):
    hub.names = [".none"]
    with pytest.raises(InputError, match=r"^somebody/tiny/open_clip_pytorch_model\.bin could not be downloaded: 404"):
        fetched()


def test_another_hub_is_one_word_of_the_environment(hub, tmp_path, root):
    words = f"from lucidag.units.clip.published import fetch; print(fetch('somebody/tiny', cache={str(tmp_path)!r}))"
    environment = {**os.environ, "HF_ENDPOINT": hub.address, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", words], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("open_clip_model.safetensors")
    assert "/somebody/tiny/resolve/main/open_clip_model.safetensors" in [path for path, _ in hub.asked]
