"""Chromium for the tests of the page; without it they are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import Person, folder_for

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
                None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for no longer than a module: Playwright keeps a loop running in which no async test can run."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def person(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Person]]:
    """Makes people, each with a browser profile of his own; `person(url, **context)`."""
    contexts = []

    def made(url: str, **options: Any) -> Person:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        return Person(context.new_page(), url, folder_for(tmp_path))

    yield made
    for context in contexts:
        context.close()
