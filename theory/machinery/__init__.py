"""What every claim stands on: statement and mutant, registry, statistical checks, instruments."""
