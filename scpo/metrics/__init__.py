"""Measures of steered reward models: accuracy, bias, data efficiency, each with its interval.

    outcomes    what every head said on a country's test pairs, counted per user or question
    intervals   from resampling whole users or questions
    accuracy    accuracy per head and method, gain over the global model, curves
    paired      differences between methods, with tests; ranks: those that the tests leave open
    bias        consensus kept, distinct accuracy, gap, worst country, transfer, reference
    efficiency  pairs needed to reach the same accuracy
    groups      the same per group of people
    alignment   how like a country's answers rewards are, for surveys
    filtering   what filter and weight make of the training pairs
    rewards     of several models on the same texts

numpy, pandas and scipy only; the measures know nothing of models or texts.
"""
