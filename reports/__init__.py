"""Reports of studies: statistics, tables, figures, and published compared with reproduced results."""
