"""What is done about the server: a job run now, answers dropped, keys made and revoked."""

from __future__ import annotations

from agentgauge.dashboard.acts import Act, Acting, Given, Once
from agentgauge.engines.time_buckets import zone_named
from agentgauge.service.jobs.at_once import run_at_once
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.overview import job_named
from agentgauge.service.security.keys import expiry_of, issue, revoke


class OfJob(Given):
    job: str


class OfKey(Given):
    prefix: str


class NewKey(Given):
    name: str
    scopes: list[str] | str = ""
    projects: str = ""
    """With commas; empty: everything."""
    expires: str = ""
    """`90d`, `2027-01-31`; empty: when it is revoked."""


class Nothing(Given):
    pass


def _run(acting: Acting, given: OfJob) -> str:
    job, runtime = job_named(given.job), acting.runtime
    work = Work(runtime.settings, runtime.state, runtime.now)
    ran = run_at_once(work, job, runtime.now)
    runtime.audit.note(acting.principal, "job.run", job.name)
    if ran is None:
        return f"{job.name} runs: its row says so when it is done."
    return f"{job.name} {ran.status}: {ran.result}"


def _empty(acting: Acting, given: Nothing) -> str:
    dropped = acting.runtime.cache.invalidate("*")
    acting.runtime.audit.note(acting.principal, "cache.invalidated", "*", {"dropped": dropped})
    return f"{dropped:,} answers are dropped: each is computed again when it is asked for."


def _create(acting: Acting, given: NewKey) -> Once:
    gate = acting.runtime.gate
    scopes = [given.scopes] if isinstance(given.scopes, str) else given.scopes
    projects = [name.strip() for name in given.projects.split(",") if name.strip()]
    issued = issue(
        gate.keys,
        given.name,
        [scope for scope in scopes if scope],
        actor=acting.principal.name,
        now=acting.now,
        projects=projects or None,
        expires=expiry_of(given.expires, zone_named("UTC"), acting.now) if given.expires else None,
    )
    gate.verifier.forget()
    return Once(
        title=f"Key of {issued.key.name}",
        words="This is the key. It is shown this once: keep it where it is used, and nowhere else.",
        secret=issued.token.text,
    )


def _revoke(acting: Acting, given: OfKey) -> str:
    gate = acting.runtime.gate
    key = revoke(gate.keys, given.prefix, actor=acting.principal.name, now=acting.now)
    gate.verifier.forget()
    return f"Key {key.prefix} of {key.name} is revoked: within two seconds it opens nothing."


RUN_JOB = Act(path="/system/jobs/{job}/run", given=OfJob, does=_run)
EMPTY_CACHE = Act(
    path="/system/cache/empty",
    given=Nothing,
    does=_empty,
    question="Drop all answers that are kept? The next questions take longer.",
)
CREATE_KEY = Act(path="/system/keys", given=NewKey, does=_create, shows_once=True)
REVOKE_KEY = Act(
    path="/system/keys/{prefix}/revoke",
    given=OfKey,
    does=_revoke,
    question="Revoke this key? Whoever uses it is refused from then on, and it cannot be taken back.",
)
