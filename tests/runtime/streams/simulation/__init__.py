"""Stream processors under every fault that their sources and services have."""
