"""The documented endpoints, under `/api/v1/metrics`: their parameters, keys, units and rounding."""
