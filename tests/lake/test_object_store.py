"""The lake on an object store: a local S3 server stands in for a cloud's, the clients are the real ones."""

from __future__ import annotations

import multiprocessing
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import agentgauge
from agentgauge.engines import Query
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import LakeBusy, LakeError
from agentgauge.features import AdvancedMetrics
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.service.sandbox.limits import Statement
from agentgauge.service.sandbox.running import reply_to
from agentgauge.settings import get_settings, resolve_home
from tests.components import require
from tests.lake.reading import one, rows, values

try:
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer
except ImportError:
    boto3 = None


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    require(boto3 is not None, "the S3 test server (moto, boto3) or s3fs is not installed")
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    s3fs.S3FileSystem.clear_instance_cache()  # a client is kept by its arguments, and the address is none of these
    _host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> str:
    name = f"lake-{uuid.uuid4().hex[:8]}"
    for variable, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "XDG_DATA_HOME": str(tmp_path_factory.mktemp("data")),
    }.items():
        monkeypatch.setenv(variable, value)
    boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}/meter"


def test_events_land_in_the_bucket_and_are_read_from_it(bucket: str, book: PriceBook) -> None:
    lake = Lake(resolve_home(bucket), book)
    with agentgauge.open(bucket) as gauge:
        for number in range(10):
            gauge.measurement("n", value=number)
        assert values(lake) == list(range(10))
        lake.compact()
        gauge.measurement("n", value=10)
        assert values(lake) == list(range(11))
    lake.compact()
    assert values(lake) == list(range(11))
    keys = [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=bucket.split("/")[2])["Contents"]]
    assert any(key.startswith("meter/lake/events/month=") for key in keys)


def test_rollups_are_in_the_bucket_and_outlive_the_events(bucket: str, book: PriceBook) -> None:
    lake = Lake(resolve_home(bucket), book, rollups_from_rows=1)
    with agentgauge.open(bucket) as gauge:
        for number in range(10):
            gauge.measurement("n", value=number, agent="ada")
        lake.compact()
        lake.expire(datetime.now(UTC))
        gauge.measurement("n", value=10, agent="ada")
    lake.compact()
    with lake.snapshot() as snapshot:
        engine = DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=0)
        answer = engine.aggregate(Query(group=("agent",)))
    assert (answer.way, answer.rows, values(lake)) == ("rollups", (("ada", 11),), [10])


def test_a_person_is_forgotten_in_the_bucket_too(bucket: str, book: PriceBook) -> None:
    lake = Lake(resolve_home(bucket), book)
    with agentgauge.open(bucket) as gauge:
        for user in ("a", "b", "a"):
            gauge.measurement("n", value=1, user=user)
    lake.compact()
    assert lake.forget("a").events == 2
    assert rows(lake, 'SELECT "user" FROM events') == [("b",)]
    client = boto3.client("s3")
    name = bucket.split("/")[2]
    for item in client.list_objects_v2(Bucket=name)["Contents"]:
        if item["Key"].endswith(".parquet") and "/events/" in item["Key"]:
            assert b"PAR1" in client.get_object(Bucket=name, Key=item["Key"])["Body"].read()
    assert len([item for item in client.list_objects_v2(Bucket=name)["Contents"] if "/month=" in item["Key"]]) == 1


def test_calls_are_repriced_in_the_bucket(bucket: str) -> None:
    cheap, dear = (
        Lake(resolve_home(bucket), PriceBook.load({"our-model": {"input": price, "output": 1}})) for price in (1, 3)
    )
    with agentgauge.open(bucket) as gauge:
        gauge.llm_call("our-model", input_tokens=1_000_000)
        cheap.compact()
        dear.reprice()
        assert rows(
            dear, "SELECT old_cost_usd, repriced.cost_usd, events.cost_usd FROM repriced JOIN events USING (id)"
        ) == [(1, 3, 3)]


def test_two_hosts_compact_into_one_lake(
    bucket: str, book: PriceBook, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = multiprocessing.get_context("spawn")
    hosts = [
        context.Process(target=record_and_compact, args=(bucket, str(tmp_path_factory.mktemp("host")), first))
        for first in (0, 100)
    ]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()
        assert host.exitcode == 0
    lake = Lake(resolve_home(bucket), book)
    assert values(lake) == list(range(60)) + list(range(100, 160))
    assert one(lake, "SELECT count(DISTINCT id) FROM events") == 120


def record_and_compact(bucket: str, data_home: str, first: int) -> None:
    import os

    os.environ["XDG_DATA_HOME"] = data_home
    lake = Lake(resolve_home(bucket), PriceBook.load())
    with agentgauge.open(bucket) as gauge:
        for batch in range(6):
            for number in range(10):
                gauge.measurement("n", value=first + batch * 10 + number)
            compact_in_spite_of_others(lake)
    compact_in_spite_of_others(lake)


def compact_in_spite_of_others(lake: Lake) -> None:
    for _ in range(50):
        try:
            lake.compact()
        except (LakeBusy, LakeError):
            continue
        return
    raise AssertionError("never got through")


def test_days_in_the_bucket_outlive_their_events(bucket: str, book: PriceBook) -> None:
    lake = Lake(resolve_home(bucket), book)
    with agentgauge.open(bucket) as gauge, gauge.scope(user="ada", feature="search"):
        metrics = AdvancedMetrics(gauge=gauge)
        for value in (1.0, 2.0, 6.0):
            gauge.measurement("hops", value)
        first = metrics.aggregate_daily_metrics()
        assert lake.expire(datetime.now(UTC)).events == 3
        assert metrics.aggregate_daily_metrics() == first
        lake.forget("ada")
        assert metrics.aggregate_daily_metrics() == []


def test_sql_of_others_reads_the_lake_in_the_bucket_and_nothing_else_there(bucket: str, book: PriceBook) -> None:
    with agentgauge.open(bucket) as gauge:
        gauge.measurement("n", value=1)
        Lake(resolve_home(bucket), book).compact()
        gauge.measurement("n", value=2)
    boto3.client("s3").put_object(Bucket=bucket.split("/")[2], Key="meter/secret.csv", Body=b"a\n1\n")
    settings = get_settings(bucket)
    found = reply_to(settings, Statement("SELECT sum(value), count(id) FROM events", 10, 30.0)).answer
    assert found is not None
    assert found.rows == ((3.0, 1),)
    for reaching in (f"read_csv('{bucket}/secret.csv')", f"glob('{bucket}/*')"):
        refused = reply_to(settings, Statement(f"SELECT * FROM {reaching}", 10, 30.0))
        assert "disabled by configuration" in refused.refused
