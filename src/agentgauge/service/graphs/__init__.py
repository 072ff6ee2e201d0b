"""Answers of reports as charts: for pages, and for reports that are sent.

    colours     which entities have a colour of their own, whatever a chart leaves out
    courses     figures over time, by series or in all
    days        how a bucket of time is called
    daily       the days of trends, a line for each of what is told apart; `learning` likewise
    histograms  how often values are in each class, on an axis of ratios
    hours       the hours of the week
    intervals   estimates with their intervals, side by side and over time; `scores` of people
    trees       what ran inside what, as lines

They choose what is drawn and word it; what is drawn is computed by `agentgauge.service.reports`.
"""
