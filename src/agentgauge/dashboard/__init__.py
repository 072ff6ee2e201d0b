"""The dashboard: pages that people look at, of what the API answers.

    pages       one module per page: which cards it has, and what each asks
    page        a page: its address, its parameters, its cards; how a request for one is answered
    card        a card: a question and what is shown of the answer; a failure stays in it
    content     what a card can show: tiles, a chart, a table, sentences, a template of the page's own
    table       rows with typed columns: HTML and CSV of the same values
    filters     range, project, agent, role and model, in the address and in every link
    rendering   Jinja2, and the figures as people read them
    assets      style, script, icon, and the parts of charts, under addresses that never change what they lead to
    app         the application: the API's, and these

A page computes nothing: it asks `agentgauge.service` what the API asks, and says how the answer looks. Whole pages are
kept in the cache of answers, by the version of the data, so that many viewers cost as much as one.
"""
