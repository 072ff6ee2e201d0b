"""Usage: token counts taken from what providers and SDKs return."""
