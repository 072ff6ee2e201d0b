"""The cache of answers: what was answered of the same data to the same question is not computed again."""

from agentgauge.service.cache.answers import AnswerCache, answer_cache
from agentgauge.service.cache.figures import CacheFigures
from agentgauge.service.cache.keys import answer_key, question_key
from agentgauge.service.cache.store import KEPT_SECONDS, Kept, kept

__all__ = ["KEPT_SECONDS", "AnswerCache", "CacheFigures", "Kept", "answer_cache", "answer_key", "kept", "question_key"]
