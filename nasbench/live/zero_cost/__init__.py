"""Zero-cost proxies: scores of untrained networks on one batch of examples."""
