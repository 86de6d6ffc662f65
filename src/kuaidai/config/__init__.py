"""Settings, URLs and wiring; nothing else."""
