"""Questions beyond the documented endpoints: the reports of `agentgauge.service.reports` and the rows behind them."""
