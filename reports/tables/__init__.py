"""Tables: one description each, rendered to Markdown, LaTeX, HTML and CSV."""
