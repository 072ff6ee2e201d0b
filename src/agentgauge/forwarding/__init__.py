"""Shipping: what is recorded in a home is sent to a server, each event exactly once.

    journal -> outgoing -> wire -> shipper -> forwarder        one thread of a process, woken after a flush
               bytes       HTTP    one pass    when

The server keeps a replica of each segment, so a range that is sent again changes nothing: whatever dies in between, the
next pass asks how far the server is and goes on there. What has to be remembered here (`spool`) is whose events are in
the home, and how far those segments are that have not ended.
"""
