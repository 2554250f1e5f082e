"""What a network costs on a device: counted, measured, predicted."""
