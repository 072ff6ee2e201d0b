"""The system: everything about a server and its home on one page, for who looks after it."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from agentgauge.service.cache import CacheFigures
from agentgauge.service.doctor import Diagnosis, diagnose
from agentgauge.service.jobs.table import JOBS
from agentgauge.service.notifying.standing import look
from agentgauge.service.readiness import Readiness
from agentgauge.service.runtime import Runtime
from agentgauge.state.job_runs import JobRun, JobRuns
from agentgauge.state.schema import migrations

_RUNS = 20


class ServerState(msgspec.Struct, frozen=True):
    pid: int
    """Of the process that answered; with several workers another may answer next."""
    workers: int
    started: datetime
    """This process; aware."""
    runs_jobs: bool


class StateState(msgspec.Struct, frozen=True):
    database: Literal["sqlite", "postgresql"]
    schema_version: int
    needed_version: int


class System(msgspec.Struct, frozen=True):
    server: ServerState
    readiness: Readiness
    state: StateState
    cache: CacheFigures
    """Of the process that answered."""
    job_runs: tuple[JobRun, ...]
    """The newest first, but for those of every minute."""
    home: Diagnosis
    """Journal, lake, losses, prices, and what needs attention, as `agentgauge doctor` tells them; rules of alerts that
    do not hold, channels that were not told, and weekly reports that could not be sent."""


def system(runtime: Runtime) -> System:
    """Look at everything. Reads the tail of the journal, so it takes a tenth of a second. Raises `LakeError`,
    `StateError`.
    """
    settings, diagnosis = runtime.settings, diagnose(runtime.meter)
    of_minutes = [job.name for job in JOBS if job.every == "minute"]
    told = look(settings.recording.home, runtime.state)
    of_alerts = dict.fromkeys((*runtime.alerting.rules().problems, *told.problems))
    return System(
        server=ServerState(os.getpid(), settings.workers, runtime.started, settings.jobs),
        readiness=runtime.readiness.look(),
        state=StateState(
            "sqlite" if runtime.state.path else "postgresql", runtime.state.version(), migrations()[-1].version
        ),
        cache=runtime.cache.figures(),
        job_runs=JobRuns(runtime.state).runs(limit=_RUNS, but=of_minutes),
        home=replace(diagnosis, problems=(*diagnosis.problems, *of_alerts), channels=told.channels),
    )
