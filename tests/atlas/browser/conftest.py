"""A browser that opens pages from disk, and fails a test whose page complains."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.atlas.browser.made_up import page as made_up

# Many machines of tests lack a sandbox and the graphics of a desktop; the rest keeps Chromium off the network.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WIDE, NARROW = (1280, 900), (390, 844)
Opened = Callable[..., Page]


# Not longer than a module: while Playwright runs, its event loop counts as this thread's, and notebooks need their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a running Chromium; where there is none, skip, or fail if LUCIDAG_REQUIRE_CHROMIUM is set."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "there is no Chromium on this machine"
        if os.environ.get("LUCIDAG_REQUIRE_CHROMIUM"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a made-up page."""
    file = tmp_path_factory.mktemp("atlas") / "index.html"
    file.write_text(made_up(), encoding="utf-8")
    return file


@pytest.fixture
def opened(browser: Browser, atlas: Path) -> Iterator[Opened]:
    """Return what opens a view of the made-up page; at the end, no page may have complained or asked for anything."""
    contexts = []
    said: list[str] = []

    def open_view(view: str = "", *, size: tuple[int, int] = WIDE, scheme: str = "light", file: Path = atlas) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda told: said.append(told.text) if told.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: said.append(asked.url) if asked.url.startswith(("http", "ws")) else None)
        page.goto(f"{file.as_uri()}{view}")
        page.wait_for_selector("h1")
        return page

    yield open_view
    for context in contexts:
        context.close()
    assert not said


@contextmanager
def saved(page: Page) -> Iterator[list[Path]]:
    """Give a list that holds the file that the page saves meanwhile."""
    files: list[Path] = []
    with page.expect_download() as download:
        yield files
    files.append(Path(download.value.path()))
