"""What befell events, in words, with what to do about it."""

from __future__ import annotations

from agentgauge.journal.layout import REFUSED_OF_OTHERS
from agentgauge.service.doctor import LossState
from agentgauge.service.loss_wording import advice_for, fate_of, reason_words, sentence


def loss(reason: str, count: int = 1, *, kept: bool = False) -> LossState:
    return LossState(reason, count, kept, None, None, "a.seg", 0, "")


def test_nothing_lost_is_said_so() -> None:
    assert sentence([]) == "Nothing was lost."
    assert sentence([loss("future time", 1200, kept=True)]) == "Nothing was lost; 1,200 kept, but altered."


def test_what_was_lost_comes_before_what_was_refused_and_altered() -> None:
    losses = [
        loss("future time", 2, kept=True),
        loss(f"{REFUSED_OF_OTHERS}naive time", 3),
        loss("torn record"),
    ]
    assert sentence(losses) == (
        "1 event was lost; 3 refused over the network, which whoever sent them was told; 2 kept, but altered."
    )
    assert [fate_of(one) for one in losses] == ["altered", "refused", "lost"]


def test_a_reason_has_its_advice_whoever_met_it() -> None:
    here, there = loss("naive time"), loss(f"{REFUSED_OF_OTHERS}naive time")
    assert reason_words(here) == reason_words(there) == "Naive time"
    assert advice_for(here) == advice_for(there) == "Give times with a zone: datetime.now(timezone.utc)."
    assert "the call that records it" in advice_for(loss("negative tokens"))
