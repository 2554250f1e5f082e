"""What every optimizer stands on."""
