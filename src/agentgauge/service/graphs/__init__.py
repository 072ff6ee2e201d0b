"""Answers of reports as charts: for pages, and for reports that are sent.

    colours     which entities have a colour of their own, whatever a chart leaves out
    courses     figures over time, by series or in all
    days        how a bucket of time is called

They choose what is drawn and word it; what is drawn is computed by `agentgauge.service.reports`.
"""
