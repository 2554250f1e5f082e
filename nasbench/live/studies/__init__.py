"""Live studies: plan, runner, store, presets."""
