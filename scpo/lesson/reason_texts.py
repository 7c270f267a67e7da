"""What the lesson's step Why says."""

from scpo.lesson.step import Step

WHY = Step(
    name="Why?",
    title="Why does this model prefer that answer?",
    minutes=3,
    big="A clear reason need not be a true one.",
    see=(
        "A reward can be shared out over the sentences of an answer: how much goes if a sentence goes. The dots show "
        "what training changed in each share for {country}, the diamonds what was planted: only a simulated world has "
        "them. **Try it:** train on more pairs."
    ),
    said=(
        "Trained on {pairs:,} of {country}'s pairs: {right} of {known} sentences of this answer have the planted sign. "
        "Over {draws} such trainings, each on other pairs, {sign:.0f} % of the signs are right; a coin flip gets 50 %."
    ),
    large="{pairs:,} pairs of {country}: {sign:.0f} % of the reasons have the right sign. A coin flip gets 50 %.",
    alt=(
        "What training changed in the share of each sentence of an answer in {country}, and what was planted; {right} "
        "of {known} have the planted sign."
    ),
    question=(
        "Train on 10 pairs, then on 800. Which of the two looks more convincing? Could you tell which is true without "
        "the diamonds?"
    ),
    answer=(
        "No. With 10 pairs the shares are as exact as with 800: they say what moves *this model*, to the last digit. "
        "Whether that moves *people* is another question, and the picture does not answer it. More pairs make truer "
        "reasons, because they make a truer model.\n\n"
        "Where models have to read texts, as elsewhere in this app, the same was counted on the demo run: the sign of "
        "a share is right in {read_scpo:.0f} % for the paper's method and in {read_shared:.0f} % for the shared prior. "
        "For real people nobody knows. There one can only ask people who were not trained on, as the view Phrases of "
        "the page Steer does."
    ),
    formulas=(r"\text{share}_s = \text{level}_s \cdot (\theta_c - \theta_g)",),
)
