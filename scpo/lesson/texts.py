"""What the lesson says, step by step, as plain data.

Braces are filled with the facts that a step computes from its controls (`scpo.lesson.steps`,
`scpo.lesson.training_steps`). Whatever is said without braces must be true at any setting it speaks of;
tests/pages/test_learn.py checks each such claim on the computed numbers.
"""

from scpo.lesson.closing_texts import CLOSING
from scpo.lesson.reason_texts import WHY
from scpo.lesson.step import Step

STEPS = (
    Step(
        name="One average",
        title="Why is one average taste a bias?",
        minutes=3,
        big="The average sides with the loudest.",
        see=(
            "In the demo world, people of eight invented populations compare answers. Each population has a planted "
            "taste: how much it likes warmth, directness, humour and so on. A reward model trained on everybody's "
            "choices at once learns roughly the average of these tastes. **Try it:** let one population have more of "
            "the pairs than the others, and watch whom the average serves."
        ),
        said=(
            "**{loudest}** has {share:.0f} % of all pairs. The average taste prefers the chosen answer in {loud:.1f} "
            "% of its pairs. **{worst}** loses most: {worst_now:.1f} %, where its own taste would reach "
            "{worst_own:.1f} %."
        ),
        large=(
            "The average is right for {loud:.0f} % of {loudest}'s choices and {worst_now:.0f} % of {worst}'s. Its own "
            "taste would get {worst_own:.0f} % of {worst}'s right."
        ),
        alt=(
            "Accuracy of the average taste and of each population's own taste on its pairs. {loudest} has {share:.0f} "
            "% of the pairs; {worst} loses most: {worst_now:.1f} % instead of {worst_own:.1f} %."
        ),
        question="Give every population the same number of pairs (move the slider to 1). Is the average fair now?",
        answer=(
            "No. Nobody is louder any more, but there is still one model for eight tastes. Every population would be "
            "served better by its own taste, and some lose far more than others, because their taste lies further "
            "from the average. Equal numbers take away the advantage of the loudest; they do not take away the "
            "averaging.\n\n"
            "Even its own taste does not reach 100 %: people of one country differ, and they slip."
        ),
        formulas=(r"\text{average} = \sum \text{share of pairs} \times \text{taste}",),
    ),
    Step(
        name="Bradley-Terry",
        title="How does a model learn from a choice?",
        minutes=2,
        big="The greatest surprise teaches the most.",
        see=(
            "A reward model gives every answer a number, its reward. The rule of Bradley and Terry (1952) turns the "
            "difference of two rewards into the probability that a person prefers A. **Try it:** move the difference, "
            "say which answer the person chose, and see where one training step takes the model."
        ),
        said=(
            "The model gives A {p:.0f} %. The person chose {chosen}, to which the model had given {p_chosen:.0f} %: a "
            "loss of {loss:.2f}. One step moves the difference by {moved:+.2f} to {after:.2f}, and A to {p_after:.0f} "
            "%."
        ),
        large=(
            "The model gives A {p:.0f} %, and the person chose {chosen}. One training step takes A to {p_after:.0f} %."
        ),
        alt=(
            "Probability that A is preferred over the difference of rewards, an S-shaped curve from 0 to 100 %. The "
            "model stands at {difference:.1f}, which is {p:.0f} %; a step on a choice of {chosen} moves it to "
            "{after:.2f}."
        ),
        question=(
            "Put the difference at −4: the model is nearly sure of B. When does the step go further, if the person "
            "chooses A or if they choose B, and how many times as far?"
        ),
        answer=(
            "If they choose A, about 55 times as far. The step is proportional to 1 - P(choice), the model's "
            "surprise: 0.982 against 0.018, and their ratio is exactly e to the power of 4. A model learns from what "
            "surprises it. It cannot tell whether the surprise was another taste or a slip of the finger; keep that "
            "in mind for the weight."
        ),
        formulas=(
            r"P(A \succ B) = \sigma(r_A - r_B) = \frac{1}{1 + e^{-(r_A - r_B)}}",
            r"\text{loss} = -\log P(\text{choice})",
        ),
        shows_example=True,
    ),
    Step(
        name="Filter",
        title="Which pairs have something new to say?",
        minutes=3,
        big="Drop what everybody already says.",
        see=(
            "A *global* model was fitted, on this page, to the choices of the largest population, Meridia. For each "
            "training pair of a country it gives a probability to what the person chose. Where that is high, the "
            "country says what everybody says. SCPO's filter drops such pairs. **Try it:** move τ, the cut."
        ),
        said=(
            "τ = {tau:.2f} keeps {kept:,} of {country}'s {pairs:,} pairs ({kept_share:.0f} %). {against_kept:.1f} % of "
            "the kept choices go against the country's planted taste, and {against_all:.1f} % of all."
        ),
        large=(
            "τ = {tau:.2f} keeps {kept:,} of {country}'s {pairs:,} pairs. {against_kept:.0f} % of the kept choices go "
            "against its own taste; of all, {against_all:.0f} %."
        ),
        alt=(
            "Histogram of {country}'s training pairs over the probability the global model gives to the choice; below "
            "{tau:.2f} they are kept, {kept:,} of {pairs:,}. Of the kept ones {against_kept:.1f} % go against the "
            "country's own taste."
        ),
        question="Set τ to 0.50. What do all pairs that are left have in common, and why is that a danger?",
        answer=(
            "Below 0.5 the global model prefers the other answer: it is wrong on every single pair that is left. What "
            "the country and everybody else agree on is no longer seen in training, except where someone chose "
            "against it. And since the filter looks at the choice, it collects slips and people who differ: choices "
            "against the country's own taste are more frequent among the pairs it keeps than among all. They can be "
            "counted only because this world is simulated; in real data nobody knows which ones they are."
        ),
        formulas=(
            r"m = r_g(x, y^+) - r_g(x, y^-)",
            r"\text{keep if}\quad p_g = \sigma(m) < \tau",
        ),
    ),
    Step(
        name="Weight",
        title="How much should a surprise count?",
        minutes=3,
        big="The greater the surprise, the lighter the pair.",
        see=(
            "A pair that the global model finds absurd may be the country's taste, or a slip. SCPO does not decide: "
            "it makes pairs lighter, the more the global model disagrees. **Try it:** β says how quickly."
        ),
        said=(
            "β = {beta:g}: the {kept:,} kept pairs count as {effective:,.0f} full ones, and a pair with margin −3 "
            "counts {weight_at_minus_3:.2f}. Choices against {country}'s own taste have {against_weighted:.1f} % of "
            "the weight, where they are {against_kept:.1f} % of the kept pairs."
        ),
        large=(
            "β = {beta:g}: {kept:,} pairs count as {effective:,.0f}. Choices against {country}'s own taste fall from "
            "{against_kept:.0f} % of the pairs to {against_weighted:.0f} % of the weight."
        ),
        alt=(
            "Histogram of {country}'s training pairs over the margin of the global model, with the weight as a curve: "
            "1 from margin 0 on, {weight_at_minus_3:.2f} at margin −3."
        ),
        question="What happens to the weight when β is very large? And when it is very small?",
        answer=(
            "Very large: m / β goes to 0, every weight to 1, and what is left is the filter alone. Very small: every "
            "pair on which the global model is wrong weighs almost nothing, and only those it mildly agrees with "
            "count, so the country can hardly move the model. β says how far a country may pull. At the default β = "
            "{default_beta:g}, the share of the weight on choices against the country's own taste is smaller than "
            "their share of the pairs."
        ),
        formulas=(r"w = \min\left(e^{\,m / \beta},\ 1\right)",),
    ),
    Step(
        name="Collapse",
        title="Why does the filter alone collapse?",
        minutes=3,
        big="The filter alone unlearns common ground.",
        see=(
            "Three models start as the global one and train, here and now, on a country's pairs: on all of them, on "
            "the filtered ones, and on the filtered ones with weights, which is SCPO. The left chart shows what each "
            "keeps: pairs of people held out on which the global model was right, the *consensus*. The right one "
            "shows what each learns: pairs on which it was wrong. **Try it:** train longer."
        ),
        said=(
            "After {steps_words} on {country}'s pairs the consensus kept is {full_consensus:.0f} % with all pairs, "
            "**{filter_consensus:.0f} %** with the filter alone, **{scpo_consensus:.0f} %** with SCPO. Right where "
            "the global model was wrong: {full_distinct:.0f} %, {filter_distinct:.0f} % and {scpo_distinct:.0f} %. "
            "The taste for helpful answers, which all populations share and which began at {help_before:+.2f}, is now "
            "{full_help:+.2f}, {filter_help:+.2f} and {scpo_help:+.2f}."
        ),
        large=(
            "The filter alone keeps {filter_consensus:.0f} % and learns {filter_distinct:.0f} %; SCPO keeps "
            "{scpo_consensus:.0f} % and learns {scpo_distinct:.0f} %."
        ),
        alt=(
            "Consensus kept, and pairs learned on which the global model was wrong, over training steps in {country}; "
            "after {steps_words} all pairs keep {full_consensus:.0f} % and learn {full_distinct:.0f} %, the filter "
            "alone {filter_consensus:.0f} % and {filter_distinct:.0f} %, SCPO {scpo_consensus:.0f} % and "
            "{scpo_distinct:.0f} %."
        ),
        question=(
            "Train for 300 steps. Every population here likes helpful answers. Why does the filter alone end up "
            "disliking them?"
        ),
        answer=(
            "Because the filter looks at who won. Where the helpful answer won, the global model usually agreed, and "
            "the pair was dropped; where it lost, the pair was kept. In what is left the helpful answer loses more "
            "often than it wins, and training believes it: filter alone ends with a dislike for what everybody "
            "likes.\n\n"
            "The weight slows this down, because the strongest contradictions weigh least. It does not stop it: SCPO "
            "loses consensus too when it trains for long. Training on all pairs keeps the most, since there the pairs "
            "that agree hold against it. In the first steps, though, the filter learns the country's own taste "
            "fastest. So the app stops each method at the step that does best on people held out for that purpose."
        ),
        formulas=(
            r"\text{loss} = \frac{1}{n} \sum_i -\,w_i \log \sigma\left(m_i\right)",
            r"\text{filter: } w_i = 1",
            r"\text{SCPO: } w_i = \min\left(e^{\,m_{g,i} / \beta},\ 1\right)",
        ),
    ),
    Step(
        name="Efficiency",
        title="How does one read an efficiency curve?",
        minutes=3,
        big="Fewer pairs: counted how, to reach what?",
        see=(
            "Two methods, fine-tuning on all pairs and SCPO, train on more and more of a country's pairs, several "
            "times (seeds), each time on other pairs in another order; small marks are single trainings, lines their "
            "mean, made never to fall. The dashed line is an accuracy to reach. The *ratio* is the number of pairs "
            "that fine-tuning needs for it over the number that SCPO needs. **Try it:** change the seeds, the target, "
            "and what counts as a pair."
        ),
        said=(
            "Target: {target:.1f} %, which is {part} % of what fine-tuning on all pairs gains over the global model. "
            "Fine-tuning gets there {full_needs}, SCPO {scpo_needs} ({reading}). **Ratio of the two mean lines: "
            "{ratio_words}**; {seeds_words}."
        ),
        large=("Fine-tuning gets there {full_needs}, SCPO {scpo_needs} ({reading}). Ratio: {ratio_words}."),
        alt=(
            "Accuracy over the number of pairs for fine-tuning and SCPO in {country}, {seeds_counted}, with the "
            "target {target:.1f} %. Fine-tuning gets there {full_needs}, SCPO {scpo_needs}; ratio {ratio_words}."
        ),
        question=(
            "Choose Estovia and look at the ratio for labelled and for trained pairs. Both are right. What should you "
            'ask when you read that a method is "up to 280 % more data-efficient"?'
        ),
        answer=(
            "Counted how? *Labelled* pairs are those that somebody had to judge; *trained* pairs are what the filter "
            "leaves of them. The second ratio is always the larger, since dropped pairs are not counted: in Estovia "
            "it is above 1 while the first is below 1. Some divide the pairs before the filter by those kept, most "
            'likely what "280 %" is; that says nothing of accuracy. For which accuracy? In which country ("up to" '
            "names the best one)? Over how many seeds? A ratio of 2.8 is 180 % more; 280 % more is a ratio of 3.8. "
            "And *not reached* is a result, not a gap in the data.\n\n"
            "In this small world fine-tuning mostly needs fewer labelled pairs than SCPO. It came out that way, so it "
            "is shown. The page on data efficiency shows what comes out when models have to read texts."
        ),
        formulas=(r"\text{ratio} = \frac{\text{pairs that fine-tuning needs}}{\text{pairs that SCPO needs}}",),
    ),
    WHY,
    *CLOSING,
)
