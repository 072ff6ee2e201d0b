"""What an exception says is told from the real ones of the libraries that agents call."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anthropic
import boto3
import botocore.config
import botocore.exceptions
import httpx
import openai
import pydantic
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from agentgauge.recorder import Gauge
from agentgauge.recorder.error_category import ErrorCategory, category_of
from agentgauge.recorder.failure import failure_of
from tests.recorder.reading import only
from tests.servers.ports import free_port

C = ErrorCategory
Raising = Callable[[str], object]
"""Given the address of a server that answers `/<name of a reply>/...`, raises."""

REPLIES: dict[str, tuple[int, dict[str, str], object]] = {
    **{str(status): (status, {}, {"error": {"message": "no"}}) for status in range(400, 600)},
    "quota": (429, {}, {"error": {"message": "no", "type": "insufficient_quota", "code": "insufficient_quota"}}),
    "no-model": (404, {}, {"error": {"message": "no", "type": "invalid_request_error", "code": "model_not_found"}}),
    "wrong-key": (401, {}, {"error": {"message": "no", "type": "invalid_request_error", "code": "invalid_api_key"}}),
    "too-long": (400, {}, {"error": {"message": "no", "code": "context_length_exceeded"}}),
    "billing": (400, {}, {"type": "error", "error": {"type": "billing_error", "message": "no"}}),
    "overloaded": (529, {}, {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}),
    "streamed": (
        200,
        {"content-type": "text/event-stream"},
        'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}\n\n',
    ),
    "not-json": (200, {"content-type": "application/json"}, "<html>"),
    **{
        code: (400, {"x-amzn-errortype": code}, {"message": "no"})
        for code in (
            "ThrottlingException", "AccessDeniedException", "ValidationException", "ServiceQuotaExceededException",
            "ModelTimeoutException", "UnrecognizedClientException", "ExpiredTokenException",
        )
    },
}  # fmt: skip


class _Replies(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        name = self.path.split("/")[1]
        if name == "hang-up":
            self.close_connection = True
            return
        status, headers, body = REPLIES[name]
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for header, value in {"content-type": "application/json", **headers}.items():
            self.send_header(header, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the name that the server looks for

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers are on this machine, wherever the machine goes for others."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Replies) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """A server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def closed() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


def raised_by(action: Callable[[], object]) -> BaseException:
    try:
        action()
    except BaseException as error:  # noqa: BLE001 - whichever it is, it is what the test is about
        return error
    raise AssertionError("nothing was raised")


STATUSES = [
    (400, C.VALIDATION), (401, C.AUTHENTICATION), (402, C.QUOTA), (403, C.PERMISSION), (404, C.NOT_FOUND),
    (408, C.TIMEOUT), (409, C.VALIDATION), (410, C.NOT_FOUND), (413, C.VALIDATION), (422, C.VALIDATION),
    (429, C.RATE_LIMIT), (500, C.SERVER), (502, C.SERVER), (503, C.SERVER), (504, C.TIMEOUT),
]  # fmt: skip


def _httpx(path: str) -> Raising:
    return lambda address: httpx.get(f"{address}/{path}", trust_env=False).raise_for_status()


def _requests(path: str) -> Raising:
    def call(address: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.get(f"{address}/{path}", timeout=5).raise_for_status()

    return call


def _urllib(path: str) -> Raising:
    def call(address: str) -> None:
        try:
            urllib.request.urlopen(f"{address}/{path}", timeout=5)  # noqa: S310 - the server above
        except urllib.error.HTTPError as error:
            error.close()
            raise

    return call


def _openai(path: str, **options: Any) -> Raising:
    def call(address: str) -> None:
        with openai.OpenAI(api_key="k", base_url=f"{address}/{path}", max_retries=0, **options) as client:
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])

    return call


def _anthropic(path: str, *, stream: bool = False, **options: Any) -> Raising:
    def call(address: str) -> None:
        with anthropic.Anthropic(api_key="k", base_url=f"{address}/{path}", max_retries=0, **options) as client:
            answer: Any = client.messages.create(
                model="m", max_tokens=1, messages=[{"role": "user", "content": "hello"}], stream=stream
            )
            list(answer)

    return call


def _bedrock(address: str, **options: Any) -> Any:
    config = botocore.config.Config(retries={"max_attempts": 0}, proxies={}, **options)
    return boto3.client(
        "bedrock-runtime", endpoint_url=address, region_name="us-east-1", config=config,
        aws_access_key_id="k", aws_secret_access_key="s",
    )  # fmt: skip


def _aws(path: str, **options: Any) -> Raising:
    def call(address: str) -> None:
        with contextlib.closing(_bedrock(f"{address}/{path}", **options)) as client:
            client.invoke_model(modelId="m", body=b"{}")

    return call


@pytest.mark.parametrize("call", [_httpx, _requests, _urllib, _openai, _anthropic], ids=lambda call: call.__name__[1:])
@pytest.mark.parametrize(("status", "category"), STATUSES)
def test_an_answer_that_is_a_failure(
    call: Callable[[str], Raising], status: int, category: ErrorCategory, address: str
) -> None:
    assert category_of(raised_by(lambda: call(str(status))(address))) is category


WORDS: dict[str, tuple[Raising, ErrorCategory]] = {
    "openai quota": (_openai("quota"), C.QUOTA),
    "openai no-model": (_openai("no-model"), C.NOT_FOUND),
    "openai wrong-key": (_openai("wrong-key"), C.AUTHENTICATION),
    "openai too-long": (_openai("too-long"), C.VALIDATION),
    "anthropic billing": (_anthropic("billing"), C.QUOTA),
    "anthropic overloaded": (_anthropic("overloaded"), C.SERVER),
    "anthropic streamed": (_anthropic("streamed", stream=True), C.SERVER),
    "aws ThrottlingException": (_aws("ThrottlingException"), C.RATE_LIMIT),
    "aws AccessDeniedException": (_aws("AccessDeniedException"), C.PERMISSION),
    "aws ValidationException": (_aws("ValidationException"), C.VALIDATION),
    "aws ServiceQuotaExceededException": (_aws("ServiceQuotaExceededException"), C.QUOTA),
    "aws ModelTimeoutException": (_aws("ModelTimeoutException"), C.TIMEOUT),
    "aws UnrecognizedClientException": (_aws("UnrecognizedClientException"), C.AUTHENTICATION),
    "aws ExpiredTokenException": (_aws("ExpiredTokenException"), C.AUTHENTICATION),
    "aws 503": (_aws("503"), C.SERVER),
}


@pytest.mark.parametrize(("call", "category"), WORDS.values(), ids=WORDS)
def test_a_providers_own_word_says_more_than_the_status(call: Raising, category: ErrorCategory, address: str) -> None:
    assert category_of(raised_by(lambda: call(address))) is category


@pytest.mark.parametrize("call", [_httpx, _requests, _urllib, _openai, _anthropic, _aws], ids=lambda c: c.__name__[1:])
def test_nobody_there_is_the_network(call: Callable[[str], Raising], closed: str) -> None:
    assert category_of(raised_by(lambda: call("200")(closed))) is C.NETWORK


@pytest.mark.parametrize("call", [_httpx, _requests, _urllib, _openai, _anthropic, _aws], ids=lambda c: c.__name__[1:])
def test_hanging_up_is_the_network(call: Callable[[str], Raising], address: str) -> None:
    assert category_of(raised_by(lambda: call("hang-up")(address))) is C.NETWORK


@pytest.mark.parametrize(
    "call",
    [
        lambda address: httpx.get(address, timeout=0.05, trust_env=False),
        lambda address: requests.get(address, timeout=0.05),
        lambda address: urllib.request.urlopen(address, timeout=0.05),  # noqa: S310 - the server above
        _openai("v1", timeout=0.05),
        _anthropic("v1", timeout=0.05),
        _aws("v1", read_timeout=0.05),
    ],
    ids=["httpx", "requests", "urllib", "openai", "anthropic", "botocore"],
)
def test_no_answer_in_time_is_a_timeout(call: Raising, silent: str) -> None:
    error = raised_by(lambda: call(silent))
    assert category_of(error) is C.TIMEOUT
    assert failure_of(error)["outcome"] == "timeout"


REQUESTS: dict[str, tuple[Raising, ErrorCategory]] = {
    "httpx scheme": (lambda _: httpx.get("nowhere://x"), C.VALIDATION),
    "httpx address": (lambda _: httpx.get("http://a\x00", trust_env=False), C.VALIDATION),
    "requests scheme": (lambda _: requests.get("nowhere", timeout=1), C.VALIDATION),
    "httpx json": (lambda address: httpx.get(f"{address}/not-json", trust_env=False).json(), C.VALIDATION),
    "requests json": (lambda address: requests.get(f"{address}/not-json", timeout=5).json(), C.VALIDATION),
    "httpx tls": (lambda address: httpx.get(address.replace("http:", "https:"), trust_env=False), C.NETWORK),
    "requests tls": (lambda address: requests.get(address.replace("http:", "https:"), timeout=5), C.NETWORK),
    "botocore parameters": (lambda address: _bedrock(address).invoke_model(), C.VALIDATION),
}


@pytest.mark.parametrize(("call", "category"), REQUESTS.values(), ids=REQUESTS)
def test_what_never_was_a_request(call: Raising, category: ErrorCategory, address: str) -> None:
    assert category_of(raised_by(lambda: call(address))) is category


@mock_aws
@pytest.mark.parametrize(
    "call",
    [
        lambda s3: s3.get_object(Bucket="kept", Key="lost"),
        lambda s3: s3.get_object(Bucket="lost", Key="k"),
    ],
    ids=["key", "bucket"],
)
def test_what_a_store_does_not_have(call: Callable[[Any], object]) -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
    s3.create_bucket(Bucket="kept")
    assert category_of(raised_by(lambda: call(s3))) is C.NOT_FOUND
    s3.close()


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    session = boto3.session.Session()
    client = session.client("bedrock-runtime", endpoint_url=address, region_name="us-east-1")
    assert category_of(raised_by(lambda: client.invoke_model(modelId="m", body=b"{}"))) is C.AUTHENTICATION
    client.close()


def _stopped_in_time() -> None:
    async def wait() -> None:
        async with asyncio.timeout(0):
            await asyncio.sleep(60)

    asyncio.run(wait())


def _tls_to_nobody(address: str) -> None:
    port = int(address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


def _remote_end_hangs_up(address: str) -> None:
    with contextlib.closing(http.client.HTTPConnection(address.removeprefix("http://"))) as connection:
        connection.request("GET", "/hang-up")
        connection.getresponse()


PYTHON: dict[str, tuple[Raising, ErrorCategory]] = {
    "asyncio timeout": (lambda _: _stopped_in_time(), C.TIMEOUT),
    "subprocess timeout": (
        lambda _: subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.01),
        C.TIMEOUT,
    ),
    "host name": (lambda _: socket.getaddrinfo("256.256.256.256", 80, flags=socket.AI_NUMERICHOST), C.NETWORK),
    "tls": (_tls_to_nobody, C.NETWORK),
    "hang up": (_remote_end_hangs_up, C.NETWORK),
    "no file": (lambda _: Path("/no/such/file").read_bytes(), C.NOT_FOUND),
    "int": (lambda _: int("x"), C.VALIDATION),
    "type": (lambda _: len(1), C.VALIDATION),  # type: ignore[arg-type]
    "json": (lambda _: json.loads("{"), C.VALIDATION),
    "pydantic": (lambda _: pydantic.TypeAdapter(int).validate_python("x"), C.VALIDATION),
    "key": (lambda _: {}["x"], C.UNKNOWN),
    "zero": (lambda _: 1 / 0, C.UNKNOWN),
}


@pytest.mark.parametrize(("call", "category"), PYTHON.values(), ids=PYTHON)
def test_python_and_its_library(call: Raising, category: ErrorCategory, address: str) -> None:
    assert category_of(raised_by(lambda: call(address))) is category


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the platform has no full disk")
def test_a_full_disk() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        assert category_of(raised_by(lambda: full.write(b"x"))) is C.RESOURCE


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (PermissionError(), C.PERMISSION),
        (MemoryError(), C.RESOURCE),
        (asyncio.CancelledError(), C.CANCELLED),
        (KeyboardInterrupt(), C.CANCELLED),
        (GeneratorExit(), C.CANCELLED),
    ],
    ids=repr,
)
def test_what_a_test_had_better_not_provoke(error: BaseException, category: ErrorCategory) -> None:
    assert category_of(error) is category


def test_an_exception_of_ones_own_is_what_it_was_raised_from(closed: str) -> None:
    def call() -> None:
        try:
            httpx.get(closed, trust_env=False)
        except httpx.HTTPError as error:
            raise RuntimeError("the agent failed") from error

    assert category_of(raised_by(call)) is C.NETWORK


def test_causes_that_form_a_ring_end() -> None:
    first, second = RuntimeError(), RuntimeError()
    first.__cause__, second.__cause__ = second, first
    assert category_of(first) is C.UNKNOWN


def test_a_class_derived_from_a_known_one_is_known() -> None:
    class OursError(httpx.ReadTimeout):
        pass

    assert category_of(OursError("x")) is C.TIMEOUT


class Hostile(Exception):
    """Whatever is asked of it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise OSError(name)


def test_an_exception_that_cannot_be_read_is_unknown() -> None:
    assert category_of(Hostile()) is C.UNKNOWN
    assert failure_of(Hostile())["error_type"] == "Hostile"


def test_an_attribute_that_cannot_be_read_leaves_the_names_of_the_classes() -> None:
    class ConnectError(Exception):
        @property
        def response(self) -> object:
            raise RuntimeError("there was none")

    assert category_of(ConnectError()) is C.NETWORK


@given(
    st.dictionaries(
        st.sampled_from(["code", "type", "body", "response", "status_code", "status"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["SlowDown", object()]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["error", "Error", "code", "Code", "ResponseMetadata", "HTTPStatusCode"]), inner
                )
            ),
            max_leaves=6,
        ),
    )
)
def test_whatever_an_exceptions_attributes_hold_it_has_a_category(attributes: dict[str, Any]) -> None:
    error = RuntimeError("x")
    for name, value in attributes.items():
        setattr(error, name, value)
    assert category_of(error) in ErrorCategory


def test_a_failure_has_the_fields_of_an_event() -> None:
    assert failure_of(PermissionError("no")) == {
        "outcome": "error",
        "error_type": "PermissionError",
        "error_category": "permission",
        "error_message": "no",
    }
    assert failure_of(ValueError())["error_message"] is None


def test_a_span_that_fails_has_its_category(gauge: Gauge, home: Path, address: str) -> None:
    with pytest.raises(httpx.HTTPStatusError), gauge.span("ask", kind="tool_call"):
        httpx.get(f"{address}/429", trust_env=False).raise_for_status()
    assert only(home).error_category == "rate_limit"


def test_telling_a_category_imports_nothing() -> None:
    program = (
        "import sys; from agentgauge.recorder.error_category import category_of; category_of(ValueError('x')); "
        "print([name for name in ('httpx', 'requests', 'openai', 'anthropic', 'botocore') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout == "[]\n"
