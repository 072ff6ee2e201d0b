"""What pricing a call at once adds to recording it, as ratios in one run.

    python bench/price.py

Beside it: encoding the same call's line with msgspec (most of what recording costs), and genai-prices' own calculation.
Each figure is the best of several rounds, per call, so that what else the machine does counts least. Loading
genai-prices is measured in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from datetime import UTC, datetime

from agentgauge.events import Usage, kinds
from agentgauge.events.codec import encode_json, line_type
from agentgauge.pricing import PriceBook

ROUNDS = 15
LOOPS = 20_000
MODELS = {
    "one price a day": ("claude-opus-4-5", "anthropic"),
    "long-context bands": ("gpt-5.4", "openai"),
    "hours of the day": ("deepseek-v4-pro", "deepseek"),
}


def best_us(call: Callable[[], object], loops: int = LOOPS) -> float:
    """Microseconds a call, the loop's own cost included."""
    return min(timeit.repeat(call, number=loops, repeat=ROUNDS)) / loops * 1e6


def seconds_of_a_process(program: str) -> float:
    elapsed = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        elapsed.append(time.perf_counter() - start)
    return min(elapsed)


def main() -> None:
    book = PriceBook.load()
    usage = Usage(input_tokens=52_000, output_tokens=400, cache_read_tokens=48_000, cache_write_5m_tokens=3_000)
    at = datetime(2026, 11, 3, 2, 30, tzinfo=UTC)

    line = line_type(kinds.BY_NAME["llm_call"])
    call = {"model": "claude-opus-4-5", "provider": "anthropic", "input_tokens": 52_000, "output_tokens": 400}
    call |= {"cache_read_tokens": 48_000, "cache_write_5m_tokens": 3_000, "duration_ms": 812.5, "outcome": "success"}
    segment = "host-4711-9f3f88c4-0001"
    encoding = best_us(
        lambda: encode_json(line(s=segment, n=12345, time=1_762_137_000_000_000, kind="llm_call", **call))
    )
    print(f"making and encoding the call's line   {encoding:6.2f} us")

    for what, (model, provider) in MODELS.items():
        start = time.perf_counter()
        book.price(model, usage, provider=provider, at=at)
        first_ms = (time.perf_counter() - start) * 1e3
        pricing = best_us(lambda model=model, provider=provider: book.price(model, usage, provider=provider, at=at))
        print(
            f"pricing it, {what:<25} {pricing:6.2f} us  {pricing / encoding:5.2f} x the line, first {first_ms:.1f} ms"
        )

    from genai_prices import calc_price
    from genai_prices.types import Usage as ListUsage

    stated = ListUsage(input_tokens=52_000, output_tokens=400, cache_read_tokens=48_000, cache_write_tokens=3_000)
    listed = best_us(
        lambda: calc_price(stated, "claude-opus-4-5", provider_id="anthropic", genai_request_timestamp=at), loops=500
    )
    pricing = best_us(lambda: book.price("claude-opus-4-5", usage, provider="anthropic", at=at))
    print(f"genai-prices' own calculation         {listed:6.2f} us  {listed / pricing:5.1f} x ours")

    bare = seconds_of_a_process("pass")
    load = seconds_of_a_process("from agentgauge.pricing import PriceBook; PriceBook.load()") - bare
    listing = seconds_of_a_process("import genai_prices.data") - bare
    print(f"loading the book {load * 1e3:.0f} ms; genai-prices, at the first price, {listing * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
