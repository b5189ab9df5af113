"""What open models need beside Kinora's own: a forecast of memory and time, tiers, channels, other pipelines."""
