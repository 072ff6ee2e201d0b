"""`agentgauge compact`: the journal's events into the lake."""

from __future__ import annotations

from agentgauge.cli import options


def compact(home: options.Home = None, as_json: options.Json = False) -> None:
    """Move what was recorded from the journal into the lake.

    And bring the sums kept of it up to date. Reading moves events too when much has gathered, so it is never needed for
    right answers; of millions of events they come sooner. Recorders may go on meanwhile.
    """
    from agentgauge.cli.homes import check_writable, note_absent
    from agentgauge.cli.output import print_document, screen
    from agentgauge.cli.wording import count_of
    from agentgauge.meter import Meter
    from agentgauge.settings import get_settings

    meter = Meter(get_settings(home))
    check_writable(meter.settings.home)
    note_absent(meter.settings.home)
    done = meter.lake.compact()
    if as_json:
        print_document(done)
        return
    out = screen()
    if not done.events and not done.losses and not done.files_rolled_up:
        out.print("Nothing new to compact.")
    else:
        out.print(f"{count_of(done.events, 'event')} moved into {meter.settings.home.lake}", soft_wrap=True)
    if done.files_rolled_up:
        out.print(f"{count_of(done.files_rolled_up, 'data file')} rolled up")
    if done.losses:
        out.print(f"{count_of(done.losses, 'report')} of lost events: 'agentgauge doctor' tells more")
