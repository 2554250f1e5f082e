"""Hardware costs of networks: counted, measured and predicted."""
