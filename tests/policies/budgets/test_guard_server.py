"""Guards on two machines, whose budgets a server keeps."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import BudgetExceeded
from agentgauge.policies.budgets.remote import RemoteAccounts
from agentgauge.server_client import ServerClient
from tests.policies.budgets.guarding import Hands, account, kept_by
from tests.servers.serving import served


def test_machines_that_use_one_server_share_its_budgets_and_one_that_lost_it_goes_on(tmp_path: Path) -> None:
    server_home, hands = tmp_path / "server", [Hands(), Hands()]
    server_home.mkdir()
    with agentgauge.open(tmp_path / "one") as one, agentgauge.open(tmp_path / "two") as two:
        with served(server_home, "--no-jobs") as server:

            def accounts() -> RemoteAccounts:
                return RemoteAccounts(ServerClient(server.url))

            with kept_by(one, accounts, hands[0]), kept_by(two, accounts, hands[1]):
                with one.budget("ticket:T", usd=10) as here, two.budget("ticket:T", usd=10) as there:
                    with here.call(6):
                        one.llm_call("m", cost_usd=5)
                        with pytest.raises(BudgetExceeded), there.call(6):
                            pytest.fail("the call was made")
                    with there.call(5):
                        two.llm_call("m", cost_usd=4)
                    assert there.spent_usd == 9
                    now = account(server_home)
                    assert (now.spent_usd, now.reserved_usd) == (9, 0)
                    server.stop()
                    with here.call(7):
                        one.llm_call("m", cost_usd="0.5")
                    assert here.spent_usd == Decimal("5.5"), "as far as it is known here"
                assert one.health().altered == {"budget not checked": 1}
                assert two.health().altered == {}
