"""Records: what happened, one row each, behind the figures of the reports.

    work         runs, sessions, tickets and features: what each used and cost, and how it ended
    work_item    one of them: its totals, what it is made of, and its course in order of time
    operations   single operations, with what the calls inside them used; one with its parts
    rows         the events themselves, by any columns

Lists come a page at a time. A page is asked for by the key of the last row before it, so what is recorded meanwhile
neither repeats rows nor skips any, and costs what its rows cost and a search for where it begins: never memory for all
that there is. Counts and sums of nothing are 0, rates and durations NaN; money is exact, and what unpriced calls alone
cost is None.
"""
