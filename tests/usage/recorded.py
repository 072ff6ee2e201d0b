"""The recorded bodies of `tests/data/usage`, what is expected of them, and why a reading may differ.

`python -m tests.usage.recorded USAGES_JSON` makes the data anew from genai-prices' `tests/dataset/usages.json`.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from agentgauge import usage
from agentgauge.usage.tokens import tokens_of

DATA = Path(__file__).parents[1] / "data" / "usage"
BODIES = DATA / "bodies.json.gz"
DISAGREEMENTS = DATA / "disagreements.json"

REASONS = {
    "another API": "The extractor is of another API, in whose fields the body happens to have counters: an embeddings "
    "extractor reads the prompt of a chat; a Responses extractor leaves Anthropic's cache counters out of the input; a "
    "Messages extractor finds neither cache nor reasoning in a Responses body.",
    "counter not read": "The extractor is of the same API, agrees in both totals, and reads fewer of their parts than "
    "the body states (cache reads, cache writes, reasoning, web searches).",
    "reasoning twice": "xAI's extractor adds reasoning to completion_tokens. The total_tokens of these bodies, which "
    "are not xAI's, show it to be in there already.",
    "not billed": "Cohere states what was processed and what is billed. The one extractor reads the former, we the "
    "latter, as the other extractor does.",
    "beside the total": "Anthropic's compaction and advisor calls are billed and not in the message's own counters, "
    "which is all that the extractor reads; we add the iterations.",
}
COMPARED = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "output_reasoning_tokens")
LEFT_OUT = "Counters by modality (text, audio, image, video, tool prompts) are parts of the totals that no event keeps."


def bodies() -> list[dict[str, Any]]:
    """Each distinct body with `seen`, how often it was recorded, and `expected`: usage by extractor."""
    loaded: list[dict[str, Any]] = json.loads(gzip.decompress(BODIES.read_bytes()))
    return loaded


def read_counters(body: dict[str, Any]) -> dict[str, int]:
    """Our reading under the names of the expectation."""
    reported = usage.read(body)
    assert reported is not None
    used = reported.usage
    return {
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "cache_read_tokens": used.cache_read_tokens,
        "cache_write_tokens": used.cache_write_5m_tokens + used.cache_write_1h_tokens,
        "cache_write_5m_tokens": used.cache_write_5m_tokens,
        "output_reasoning_tokens": used.reasoning_tokens,
        "web_searches": reported.web_searches,
    }


def differing(ours: dict[str, int], expected: dict[str, int]) -> list[str]:
    """Counters that differ; one that an extractor may leave to its total is compared where it is stated."""
    stated = [name for name in ("cache_write_5m_tokens", "web_searches") if name in expected]
    return [name for name in (*COMPARED, *stated) if ours[name] != expected.get(name, 0)]


def reason(body: dict[str, Any], extractors: list[str], ours: dict[str, int], expected: dict[str, int]) -> str | None:
    """Which of `REASONS` explains that `ours` is not what is expected; None where none does."""
    counters = body.get("usage", {})
    flavors = {extractor.partition("/")[2] for extractor in extractors}
    tokens = tokens_of(counters)
    api = None if tokens is None else tokens.api
    if any(entry["type"] in ("compaction", "advisor_message") for entry in counters.get("iterations", ())):
        return "beside the total"
    if extractors == ["cohere/tokens"]:
        return "not billed"
    of_messages = {"anthropic/default", "minimax/default"}
    foreign = {
        "chat": flavors == {"embeddings"},
        "responses": flavors <= {"anthropic"} or bool(of_messages & set(extractors)),
        "messages": "responses" in flavors,
    }
    totals_agree = all(ours[name] == expected.get(name, 0) for name in ("input_tokens", "output_tokens"))
    if foreign.get(api or "", False):
        return "another API"
    if (
        extractors == ["x-ai/chat"]
        and expected["output_tokens"] == ours["output_tokens"] + ours["output_reasoning_tokens"]
    ):
        return "reasoning twice"
    parts = [name for name in differing(ours, expected) if name in expected]
    return "counter not read" if totals_agree and not parts else None


def disagreements() -> list[dict[str, Any]]:
    """Every expectation that our reading does not meet, grouped by reason, extractors and counters."""
    groups: dict[tuple[str, str, str], dict[str, Any]] = {}
    for number, recorded in enumerate(bodies()):
        ours = read_counters(recorded["body"])
        for expectation in recorded["expected"]:
            names = differing(ours, expectation["usage"])
            if not names:
                continue
            why = reason(recorded["body"], expectation["extractors"], ours, expectation["usage"])
            key = (str(why), ",".join(expectation["extractors"]), ",".join(names))
            group = groups.setdefault(
                key,
                {
                    "reason": why,
                    "extractors": expectation["extractors"],
                    "counters": names,
                    "expectations": 0,
                    "bodies": [],
                    "first": {
                        "expected": {name: expectation["usage"].get(name, 0) for name in names},
                        "read": {name: ours[name] for name in names},
                    },
                },
            )
            group["expectations"] += recorded["seen"]
            group["bodies"].append(number)
    return sorted(groups.values(), key=lambda group: (str(group["reason"]), -group["expectations"], group["bodies"]))


def report() -> dict[str, Any]:
    """What `DISAGREEMENTS` holds."""
    recorded, groups = bodies(), disagreements()
    by_reason: Counter[str] = Counter()
    for group in groups:
        by_reason[str(group["reason"])] += group["expectations"]
    return {
        "recorded_bodies": sum(body["seen"] for body in recorded),
        "distinct_bodies": len(recorded),
        "expectations": sum(body["seen"] * len(body["expected"]) for body in recorded),
        "disagreements": sum(by_reason.values()),
        "reasons": {
            name: {"expectations": by_reason[name], "explanation": explanation} for name, explanation in REASONS.items()
        },
        "not_compared": LEFT_OUT,
        "groups": groups,
    }


def _distinct(recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for entry in recorded:
        body = {name: value for name, value in entry["body"].items() if name != "file"}
        expected = [
            {
                "extractors": [
                    f"{extractor['provider_id']}/{extractor['api_flavor']}" for extractor in one["extractors"]
                ],
                "usage": one["usage"],
            }
            for one in entry["extracted"]
        ]
        key = json.dumps([body, expected], sort_keys=True)
        found.setdefault(key, {"body": body, "expected": expected, "seen": 0})["seen"] += 1
    return list(found.values())


def _write(source: Path) -> None:
    distinct = _distinct(json.loads(source.read_text()))
    BODIES.write_bytes(gzip.compress(json.dumps(distinct, separators=(",", ":")).encode(), mtime=0))
    DISAGREEMENTS.write_text(json.dumps(report(), indent=1) + "\n")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
