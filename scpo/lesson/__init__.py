"""The guided lesson: what each step says, and the numbers it computes while one looks.

    world           the demo world as numbers: pairs as differences along the planted axes, one global taste
    bradley_terry   a fit in plain numpy, and training step by step
    steps           what a step without training computes from its controls: a table and the facts in its sentences
    training_steps  the two steps that train: collapse, and data efficiency
    true_reasons    the step Why: what each sentence adds, and whether that was planted
    weighing        the last step: which method wins at which weights
    texts           what each step says, as plain data; a test holds every claim against the numbers

numpy and pandas only. It knows nothing of Streamlit, figures, encoders or torch: answers are read by
their planted levels, so that a class can train hundreds of models in the time of a click.
"""
