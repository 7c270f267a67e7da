"""Studies that the project ships as code: each makes a table, from a seed, that docs/study.md shows and explains."""
