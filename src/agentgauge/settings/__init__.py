"""Settings: read from the environment once, at the edge, and passed down as one frozen value.

`recording` has those of recording and asking, `server` those of `agentgauge serve`. Nothing else reads an environment
variable.
"""

from agentgauge.settings.recording import Home, Settings, get_settings, resolve_home

__all__ = ["Home", "Settings", "get_settings", "resolve_home"]
