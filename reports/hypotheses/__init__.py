"""The project's own claims: registered before the runs, judged from results folders and stored evidence."""
