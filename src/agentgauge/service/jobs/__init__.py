"""Jobs: what a server does by itself, every hour, day, week and month of UTC.

    job         what a job is, and what it is given
    table       all there are, with when they are due
    running     one run: under a lease, kept with how long it took and what came of it
    due         which runs are due, those that were missed included
    leading     the one process of several that runs them when they are due

The other files are what the jobs do. Each is right when it is run twice, and when its process dies at any moment.
"""
