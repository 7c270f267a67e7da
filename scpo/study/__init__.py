"""Studies that the project ships as code: each makes a table, from a seed, that docs/study.md shows and explains."""

STUDIES = {
    "coverage": "how often 95 % intervals hold the truth, on planted people (about 10 minutes)",
    "beyond": "a search for a better rule: every candidate, or the winner on fresh data (20 minutes each)",
    "why": "how often the reasons that Steer shows are the planted ones, in a run of the demo (some minutes)",
    "wording": "how much hangs on the wording of prompts: a run trained again with each said otherwise (some minutes)",
    "when": "when SCPO helps: one factor at a time, and two grids (10 to 20 minutes)",
}
