"""Schemathesis asks every documented route, with what its schema allows and with what it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from compegpt.schema import Finding
from compegpt.web.server import application
from tests.fakes import FakeSource, fake_parts, settings, task
from tests.web.serving import bearer, serving

pytestmark = pytest.mark.filterwarnings(  # the server, a thread of this process, takes what it takes for a strategy's
    "ignore:Do not use the `random` module inside strategies:hypothesis.errors.HypothesisDeprecationWarning")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
          response_headers_conformance]
EXAMPLES = 8
"""Requests of each kind to each route."""
PLAN = [task("summarization", text="Long.")]
OPERATIONS = sorted((method.upper(), path) for path, methods in application(
    fake_parts(settings(Path("unused")), FakeSource({})), page=False).openapi()["paths"].items() for method in methods)
IDS = {"run_id", "thread", "file_id"}


def source() -> FakeSource:
    return FakeSource({
        "summarization": [("s", "a", Finding({"text": "Short."}))],
        "language-identification": [("l", "b", Finding({"labels": [{"label": "de", "score": 0.9}]}))]})


@contextmanager
def documented(data_dir: Path, keys: str | None = None) -> Iterator[tuple[str, Any]]:
    """The address of a server, and its schema as it is read from it."""
    with serving(data_dir, source(), PLAN, keys=keys, rate="100000/second") as served:
        yield served.address, schemathesis.openapi.from_dict(httpx.get(f"{served.address}/openapi.json").json())


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    with documented(tmp_path_factory.mktemp("unlocked")) as made:
        yield made


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """Alice has a key."""
    with documented(tmp_path_factory.mktemp("locked"), "alice") as made:
        yield made


def asked(operation: APIOperation, mode: GenerationMode, address: str, headers: dict[str, str] | None = None,
          **known: Any) -> list[int]:
    """The statuses of a few requests of this kind; each answer is held to the schema."""
    found: list[int] = []

    @bounds(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
            suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(mode, **known))
    def ask(case: Case) -> None:
        response = case.call(base_url=address, headers=headers, timeout=30)
        case.validate_response(response, checks=CHECKS)
        found.append(response.status_code)

    ask()
    return found


def modes(operation: APIOperation) -> list[GenerationMode]:
    """Negative data exist only for what has parameters or a body; any text may be the name of a model."""
    takes = any((operation.path_parameters, operation.query, operation.body)) and "{model}" not in operation.path
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes else [])]


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=str)
def test_every_answer_is_as_documented(method: str, path: str, unlocked: tuple[str, Any]) -> None:
    address, schema = unlocked
    operation = schema[path][method]
    statuses = [status for mode in modes(operation) for status in asked(operation, mode, address)]
    assert statuses
    assert max(statuses) < 500


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=str)
def test_without_a_key_nothing_is_answered_but_what_anybody_may_see(method: str, path: str,
                                                                     locked: tuple[str, Any]) -> None:
    address, schema = locked
    operation = schema[path][method]
    without = {status for mode in modes(operation) for status in asked(operation, mode, address)}
    wrong = asked(operation, GenerationMode.POSITIVE, address, bearer("mallory"))
    assert without | set(wrong) == ({200} if path in ("/healthz", "/readyz") else {401})


@pytest.mark.parametrize(("method", "path"), [one for one in OPERATIONS if set(re.findall(r"{(\w+)}", one[1])) & IDS],
                         ids=str)
def test_what_is_there_is_answered_as_documented(method: str, path: str, locked: tuple[str, Any]) -> None:
    address, schema = locked
    with httpx.Client(base_url=address, headers=bearer("alice")) as alice:
        run = alice.post("/runs", json={"text": "Shorten it.", "thread": "farm"}).json()["id"]
        alice.get(f"/runs/{run}/events").read()
        known = {"run_id": run, "thread": "farm", "file_id": alice.post("/files", files={"file": b"some"}).json()["id"]}
    named = {name: value for name, value in known.items() if f"{{{name}}}" in path}
    statuses = asked(schema[path][method], GenerationMode.POSITIVE, address, bearer("alice"), path_parameters=named)
    assert statuses[0] in (200, 204)
    assert set(statuses) <= ({204, 404} if method == "DELETE" and "run_id" not in path else {200})


def examples() -> list[tuple[str, str, Any]]:
    """Every example body of the schema, with its route."""
    schema = application(fake_parts(settings(Path("unused")), FakeSource({})), page=False).openapi()
    found = []
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                shown = [*schema["components"]["schemas"].get(name, {}).get("examples", []),
                         *([content["example"]] if "example" in content else []),
                         *(one["value"] for one in content.get("examples", {}).values())]
                found += [(method.upper(), path, one) for one in shown if kind == "application/json"]
    return found


@pytest.mark.parametrize(("method", "path", "body"), examples(), ids=str)
def test_every_documented_example_works(method: str, path: str, body: Any, data_dir: Path) -> None:
    with serving(data_dir, source(), PLAN) as served:
        answer = httpx.request(method, f"{served.address}{path}", json=body, timeout=30)
    assert answer.is_success, answer.text


def test_every_body_of_our_own_routes_has_an_example() -> None:
    assert {(method, path) for method, path, _ in examples()} >= {("POST", "/runs"), ("POST", "/plans")}
