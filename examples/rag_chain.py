"""A small retrieval chain over this repository's own documents, measured where document 002 says to.

    python examples/rag_chain.py "Where is the journal?" "What does a gauge cost?"

The components are input validation, vector store loading, chain initialization, vector search, inference, citation
processing and metadata extraction. All of them are real but one: instead of calling a language model,
`ExtractiveModel` picks the sentence of the context that shares the most words with the question. It says the same
thing every time, needs no network and costs nothing, and is recorded under its own name, which has no price.
"""

from __future__ import annotations

import math
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import agentgauge
from agentgauge.operations import MetricsCollector, OperationMetrics

DOCUMENTS = Path(__file__).parent.parent / "docs"
QUESTIONS = ("Where is the journal?", "What is an unpriced call?", "When is a segment removed?", "  ")

_WORD = re.compile(r"[a-z0-9_]+")
_LONGEST_QUESTION = 500
_INDENTED = (0, 0, 0, 3)


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.lower())


class UnansweredError(LookupError):
    """No document says anything about the question."""


@dataclass(frozen=True)
class Passage:
    source: str
    heading: str
    text: str


@dataclass(frozen=True)
class Answer:
    text: str
    citations: list[str]
    metadata: dict[str, object] = field(default_factory=dict)


class VectorStore:
    """Passages as TF-IDF vectors of unit length."""

    def __init__(self, passages: list[Passage]) -> None:
        counts = [Counter(words_of(f"{passage.heading} {passage.text}")) for passage in passages]
        documents = Counter(word for words in counts for word in words)
        self.passages = passages
        self._rarity = {word: math.log(len(passages) / found) for word, found in documents.items()}
        self._vectors = [self._vector(words) for words in counts]

    def search(self, question: str, limit: int = 3) -> list[Passage]:
        """The passages nearest to a question, without those that share nothing with it."""
        asked = self._vector(Counter(words_of(question)))
        scores = [sum(asked.get(word, 0) * weight for word, weight in vector.items()) for vector in self._vectors]
        nearest = sorted(range(len(scores)), key=lambda n: -scores[n])[:limit]
        return [self.passages[n] for n in nearest if scores[n] > 0]

    def _vector(self, words: Counter[str]) -> dict[str, float]:
        weights = {word: count * self._rarity.get(word, 0.0) for word, count in words.items()}
        length = math.hypot(*weights.values()) or 1.0
        return {word: weight / length for word, weight in weights.items()}


@cache
def load_vector_store() -> VectorStore:
    """The paragraphs of docs/*.md. Read once; every later question finds it loaded."""
    passages = []
    for path in sorted(DOCUMENTS.glob("*.md")):
        heading = path.stem
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            if block.startswith("#"):
                heading = block.strip("# \n")
            elif not block.startswith(("```", "|", "<!--")):
                passages.append(Passage(path.name, heading, " ".join(block.split())))
    return VectorStore(passages)


class ExtractiveModel:
    """Stands in for a language model: it quotes, and makes nothing up."""

    name = "extractive-stand-in"

    def complete(self, question: str, context: list[Passage]) -> tuple[str, int, int]:
        """The sentence that shares the most words with the question; words read, words written."""
        asked = {word for word in words_of(question) if len(word) > 3}
        sentences = [sentence for passage in context for sentence in re.split(r"(?<=[.:]) ", passage.text)]
        best = max(sentences, key=lambda sentence: len(asked & set(words_of(sentence))) / math.sqrt(len(sentence) + 20))
        read_in = len(words_of(question)) + sum(len(words_of(passage.text)) for passage in context)
        return best, read_in, len(words_of(best))


class Chain:
    """Retrieval, then inference, each a tool call and a component of the operation."""

    def __init__(self, store: VectorStore, model: ExtractiveModel, collector: MetricsCollector, operation: str) -> None:
        self._store = store
        self._model = model
        self._collector = collector
        self._operation = operation

    def run(self, question: str) -> tuple[str, list[Passage]]:
        began = time.perf_counter()
        with timed(self._collector, self._operation, "vector_search"):
            context = self._store.search(question)
        self._collector.record_tool_call(
            self._operation, "vector_store", duration=time.perf_counter() - began, metadata={"passages": len(context)}
        )
        if not context:
            raise UnansweredError(f"no document says anything about {question!r}")
        began = time.perf_counter()
        with timed(self._collector, self._operation, "llm_inference"):
            text, read_in, written = self._model.complete(question, context)
        self._collector.record_token_usage(
            self._operation, read_in, written, self._model.name, duration=time.perf_counter() - began
        )
        return text, context


@contextmanager
def timed(collector: MetricsCollector, operation: str, component: str) -> Iterator[None]:
    """The time of a block as a component of an operation, also of one that raises."""
    began = time.perf_counter()
    try:
        yield
    finally:
        collector.add_component_timing(operation, component, time.perf_counter() - began)


def generate_answer(question: str, collector: MetricsCollector) -> Answer:
    """Raises `ValueError` for a question that is none and `UnansweredError` where the documents are silent."""
    with collector.operation_context("qa_response", {"characters": len(question)}) as operation:
        with timed(collector, operation, "input_validation"):
            asked = validated(question)
        with timed(collector, operation, "vector_store_loading"):
            store = load_vector_store()
        with timed(collector, operation, "chain_initialization"):
            chain = Chain(store, ExtractiveModel(), collector, operation)
        text, context = chain.run(asked)
        with timed(collector, operation, "citation_processing"):
            citations = list(dict.fromkeys(f"{passage.source} ({passage.heading})" for passage in context))
        with timed(collector, operation, "metadata_extraction"):
            metadata: dict[str, object] = {"sources": len({p.source for p in context}), "words": len(words_of(text))}
        if len(context) == 1:
            collector.record_warning(operation, "only one passage was found")
        return Answer(text, citations, metadata)


def validated(question: str) -> str:
    """Raises `ValueError`."""
    asked = question.strip()
    if not asked:
        raise ValueError("a question is empty")
    if len(asked) > _LONGEST_QUESTION:
        raise ValueError(f"a question has {len(asked)} characters; at most {_LONGEST_QUESTION}")
    return asked


def shown(operations: list[OperationMetrics]) -> Table:
    """Milliseconds of each component, one column per question."""
    components = list(dict.fromkeys(name for done in operations for name in done.component_timing))
    table = Table(box=None, pad_edge=False)
    table.add_column("component, ms")
    for number in range(1, len(operations) + 1):
        table.add_column(str(number), justify="right")
    for component in components:
        times = [done.component_timing.get(component) for done in operations]
        table.add_row(component, *("-" if seconds is None else f"{1000 * seconds:.2f}" for seconds in times))
    table.add_row("all", *(f"{1000 * (done.total_duration or 0):.2f}" for done in operations))
    return table


def main(questions: list[str]) -> None:
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as place, agentgauge.open(place, project="rag-example") as gauge:
        collector = MetricsCollector(gauge=gauge)
        for number, question in enumerate(questions, 1):
            console.print(f"{number}. {question.strip() or '(nothing)'}", style="bold")
            try:
                answer = generate_answer(question, collector)
            except (ValueError, UnansweredError) as error:
                console.print(Padding(Text(str(error)), _INDENTED))
                continue
            console.print(Padding(Text(answer.text), _INDENTED))
            console.print(Padding(Text(f"from {'; '.join(answer.citations)}"), _INDENTED))
        summary = collector.get_session_summary()
        console.print()
        console.print(shown(summary.operations))
        trend = collector.analyze_performance_trends("qa_response", "1h")
        console.print()
        console.print(f"{summary.successful_operations} of {summary.total_operations} questions answered")
        console.print(
            f"{summary.total_tokens} tokens of {ExtractiveModel.name}, which has no price: "
            f"{summary.unpriced_calls} calls unpriced"
        )
        for line in (*trend.bottlenecks, *trend.optimization_suggestions):
            console.print(line)


if __name__ == "__main__":
    main(sys.argv[1:] or list(QUESTIONS))
