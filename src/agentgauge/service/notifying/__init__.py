"""Notifications: people are told of what happens to alerts, through the channels of the settings.

    dispatching  the job: what is due is sent, and what came of it kept (`agentgauge.state.notifications`)
    wording      what a message says
    sending      a process of its own that has Apprise, and hands messages over; `delivery` runs in it
    checking     whether Apprise can read the channels' URLs, when a server starts
    trying       a test message, now
    standing     how each channel does, for people

A message is delivered at least once: it is marked as sent right after its channel took it, and a process that dies
between the two leaves it to be sent again, with the same id. Apprise is imported in the process that sends, for as long
as there is something to send: a server that is idle has none of its 45 MB.
"""
