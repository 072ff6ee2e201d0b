"""OTLP: requests of OpenTelemetry exporters, bytes, to events; what is kept of a span is said by tables of conventions.

    decoding.py    protobuf and JSON, to one shape
    pairs.py       attributes in protobuf, of which those that come again are read once
    conventions/   which attribute says what, as data; `table.py` reads them
    spans.py       spans to tasks, calls and steps
    names.py       whose a span is, where only the agent around it is named
    metrics.py     points of metrics to measurements
    answers.py     what an exporter is answered, in the encoding it asked in

Nothing here knows of HTTP.
"""
