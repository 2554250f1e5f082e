"""The project's hypotheses: registered before the runs, judged from results folders and stored evidence."""
