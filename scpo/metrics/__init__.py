"""Measures of steered reward models: accuracy, bias, data efficiency, each with its interval.

    outcomes    what every head said on a country's test pairs, counted per user or question
    bootstrap   intervals from resampling whole users or questions
    accuracy    accuracy per head and method, gain over the global model, curves
    bias        consensus retention, distinct accuracy, gap, worst country, transfer, reference
    efficiency  pairs needed to reach the same accuracy
    summary     all tables of a run

numpy, pandas and scipy only; the measures know nothing of models or texts.
"""
