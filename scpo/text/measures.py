"""What each measure is: one plain sentence, its formula, and what stands in it. The words of the pages of results."""

from __future__ import annotations

from scpo.metrics.rulers import GLOBAL
from scpo.text.rulers import in_a_label, ruler_in_force, who_rules

MEANINGS = {  # which test pairs an accuracy is of: label, and what that means
    "full": ("All pairs", "All test pairs of a country."),
    "distinct": (
        "Where global is wrong",
        "Only pairs that the global model gets wrong: it has 0 % here by construction.",
    ),
    "consensus": (
        "Where global is right",
        "Only pairs that the global model gets right: it has 100 % here by construction.",
    ),
}


def which_pairs(subset: str) -> str:
    """The label of a subset of the test pairs, by the ruler in force."""
    return MEANINGS[subset][0].replace("global", in_a_label())


def what_pairs(subset: str) -> str:
    """What a subset of the test pairs is, by the ruler in force."""
    if ruler_in_force() == GLOBAL or subset == "full":
        return MEANINGS[subset][1]
    return f"Only pairs that {who_rules()} gets {'wrong' if subset == 'distinct' else 'right'}."


MEASURES = {  # what a measure is: one plain sentence, and its formula with what stands in it
    "accuracy": (
        "Accuracy: the share of a country's held-out pairs on which the model prefers the answer people chose.",
        r"A_c = \frac{1}{n_c} \sum_{i=1}^{n_c} \mathbf{1}\left[r(x_i, y_i^+) > r(x_i, y_i^-)\right], \qquad "
        r"\text{mean} = \frac{1}{C} \sum_c A_c",
        "A tie counts as wrong. The 95 % interval comes from drawing the country's test people (or questions) again "
        "and again with replacement, never single pairs.",
    ),
    "difference": (
        "Difference: how many more of the same held-out pairs one method gets right than another, in points.",
        r"\Delta_c = A_c^{\,\text{method}} - A_c^{\,\text{baseline}}",
        "Both methods are judged on the same pairs of the same people, so the difference is paired. With several "
        "countries some differ by chance; Holm's correction makes up for that: a p below 0.05 after it counts as told "
        "apart.",
    ),
    "judge": (
        "A judge from outside is any reward model, or a language model that was asked for scores. It is tested "
        "on the same pairs and stands beside the run's methods as one more.",
        r"\Delta_c = A_c^{\,\text{judge}} - A_c^{\,\text{method}} \quad \text{on the pairs whose two answers have a "
        r"score}",
        "Differences are paired and tested as those of the run's own methods. A tie counts as wrong, also for a judge "
        "that gives whole marks; a pair without scores counts nowhere.",
    ),
    "best_of_n": (
        "Best of n: of n answers to one prompt a model picks the one that it rewards most. Agreement is how often the "
        "country's held-out people prefer the pick to another of the n; by chance it is 50 %, and for n = 2 it is the "
        "accuracy.",
        r"\text{agreement}_n = \frac{\sum_{i\ \text{right}} w_i}{\sum_i w_i}, \qquad "
        r"w_i = \binom{N_i - r_i}{n - 1} \binom{N_i}{2} \Big/ \binom{N_i}{n} (N_i - r_i)",
        "r is the rank of the better-rewarded answer of a held-out pair among the N answers to its prompt that test "
        "pairs have: w is how often it would be the pick, with the other answer beside it. A large n leans on the few "
        "pairs near the top, so that its intervals are wide.",
    ),
    "falsifiers": (
        "Falsifiers: the run is trained again on groups that mean nothing. What a group's own model has before the "
        "other groups' models must then vanish, and fall where the labels of a group are flipped.",
        r"\text{advantage} = \frac{1}{C} \sum_c \Bigl( A_{cc} - \frac{1}{C - 1} \sum_{c' \ne c} A_{c'c} \Bigr)",
        "A with two indices is the accuracy of the model of the first group on the test pairs of the second. The gain "
        "over the global model need not vanish: that one learned from the reference population alone, so that the "
        "pairs of any other people may improve on it.",
    ),
    "chance": (
        "Two sources of chance, shown apart: which people (or questions) happen to be in the test, and luck in "
        "training. More seeds do not make more people.",
        r"\text{smallest found} = \left(z_{1 - 0.05 / 2C} + z_{0.8}\right) SE_{\text{people}}, \qquad "
        r"SD_{\text{seeds}} \text{ of } \Delta_{c,s} \text{ over seeds } s",
        "The smallest difference that would be found, four times in five, at the strictest level of Holm's correction "
        "over C countries. A country whose difference is smaller, and not told apart, has too few people to tell: that "
        "is not the same as no difference.",
    ),
    "seeds": (
        "Each seed trains anew on the same split, with its own order of pairs: what differs is luck in training.",
        r"A_{c} = \frac{1}{S} \sum_{s=1}^{S} A_{c,s}",
        "Every other figure on this page is the mean over seeds.",
    ),
    "plane": (
        "Consensus kept: of the pairs that the ruler (the global model, unless another is chosen) gets right, the "
        "share a steered model still gets right. Own taste learned: of the pairs it gets wrong, the share a steered "
        "model now gets right.",
        r"\text{kept} = P\left(m_{\text{steered}} > 0 \mid m_{\text{ruler}} > 0\right), \qquad "
        r"\text{learned} = P\left(m_{\text{steered}} > 0 \mid m_{\text{ruler}} < 0\right)",
        "m is the reward of the chosen minus that of the rejected answer. What consensus kept lacks to 100 % "
        "is what a model gave up for its country; the paper calls it excess bias.",
    ),
    "rulers": (
        "A ruler says which test pairs are of the consensus (those that it gets right) and which distinct (those that "
        "it gets wrong). The global model is the usual one, and also what filters and where training begins.",
        r"\text{kept}_R = P\left(m_{\text{steered}} > 0 \mid m_R > 0\right), \qquad "
        r"\text{learned}_R = P\left(m_{\text{steered}} > 0 \mid m_R < 0\right)",
        "Where the global model errs by chance, a model that leaves it anywhere is right by chance too: by the global "
        "model as ruler that looks like taste learned. Another ruler errs elsewhere. The global model itself is a row "
        "like any other then, and what a method adds to it counts. Nothing is trained or scored anew: a pair only "
        "changes its kind.",
    ),
    "frontier": (
        "The frontier: how often a model is right, against how much of the consensus it keeps, at every strength from "
        "the global model to the method's own and half as far again. Up and to the right is better.",
        r"r_s = r_{\text{global}} + s \, (r_{\text{own}} - r_{\text{global}}), \qquad s = 0, \dots, 1.5",
        "s = 1 is the model that the method chose; nothing is trained for another s. On the edge is what no method at "
        "any step beats in both. Steps are looked up on the test pairs, so that the best of them looks better than it "
        "is: to take one, choose it on validation pairs. s is the strength of Overview and Steer, and the alpha of an "
        "export.",
    ),
    "gap": (
        "Gap: how far the best and the worst served country lie apart; the worst country: the accuracy of the latter.",
        r"\text{gap} = \max_c A_c - \min_c A_c, \qquad \text{worst} = \min_c A_c",
        "The intervals hold whichever countries are best and worst. Some country is always measured best: a gap whose "
        "interval begins at 0 may be chance alone.",
    ),
    "transfer": (
        "Transfer: how well the model of one country serves the people of another; the diagonal is each country's own.",
        r"A_{ij} = \text{accuracy of the model of country } i \text{ on the test pairs of country } j",
        "Change: the same minus the accuracy of the global model on these pairs. Mean over seeds.",
    ),
    "groups": (
        "Accuracy of the country's own model on the pairs of people of one group; a gap between groups is a bias "
        "against people, where one between countries is a bias against countries.",
        r"A_g = \frac{1}{n_g} \sum_{i:\, u(i) \in g} \mathbf{1}\left[r(x_i, y_i^+) > r(x_i, y_i^-)\right]",
        "g is a group of people u by an answer of the survey. A group of fewer than 5 people is not shown: its number "
        "would say little about it, and too much about them. With fewer than 8 there is no interval.",
    ),
    "alignment": (
        "Opinion alignment: how like the country's answers a model's rewards are, read as shares of the options.",
        r"1 - \mathrm{JSD}\left(\mathrm{softmax}(r / T),\ \text{answers of the country}\right), \qquad "
        r"T \text{ chosen on validation questions}",
        "JSD is the Jensen-Shannon distance to base 2; 100 % is the same distribution. Three rows need no model: every "
        "option alike, and the averages of what all countries answered, with this country and without it.",
    ),
    "curve": (
        "Each point is the accuracy after training on so many of the country's pairs; the test pairs stay the same.",
        r"A(n) = \text{accuracy after training on } n \text{ pairs}",
        "Labelled pairs are those somebody had to label; trained pairs are what the filter leaves of them.",
    ),
    "people": (
        "Each point is the accuracy after training on so many of the country's people (surveys: questions), each with "
        "all their pairs; the test pairs stay the same. A method is ahead from where its curve passes the other model.",
        r"A(p) = \text{accuracy after training on all pairs of } p \text{ people}, \qquad "
        r"p^* = \min \{ p : A(p) > A_{\text{other}} \}",
        "People are drawn first, at random, anew for each seed, and the first few of a draw are among the first many. "
        "Curves are made to rise (isotonic regression) and read between numbers of people on the log axis. Pairs of "
        "few people tell of few tastes: how they stand against as many pairs of everybody, read off the curve over "
        "pairs, shows what that costs. One model for all countries has all pairs of all countries, these people's too.",
    ),
    "ratio": (
        "Efficiency ratio: how many times fewer pairs a method needs than fine-tuning on all pairs, for the accuracy "
        "that this ends with.",
        r"\text{ratio} = \frac{n_{\text{full}}(A^*)}{n_{\text{method}}(A^*)}, \qquad "
        r"A^* = A_{\text{full}}(\text{all pairs})",
        "2.8 means 2.8 times as efficient, that is 180 % more, and 280 % more would be 3.8. "
        "Curves are made to rise (isotonic regression) and read between budgets on the log axis. Where a method never "
        "gets to A*, there is no ratio: not reached. Nor is there one with fewer than 50 people or questions in the "
        "test, or where what fine-tuning on all pairs gains may be chance: there is nothing to be efficient at.",
    ),
    "per_pair": (
        "Gain per pair: the accuracy a method gains over the global model, shared out over the pairs it trained on.",
        r"g = \frac{A_{\text{method}} - A_{\text{global}}}{n_{\text{method}}}, \qquad "
        r"\text{ratio} = \frac{g_{\text{method}}}{g_{\text{full}}}",
        "At the largest budget: a ratio of 2.8 is 180 % more. It favours methods that drop pairs: twice the gain per "
        "pair can go with a lower accuracy, and gains do not grow in proportion to pairs. Pairs before the filter per "
        'pair kept is another figure, most likely the one that the paper\'s "280 % more data-efficient" goes by (36 % '
        "of the pairs kept); it says how much was dropped, not how accurate the model is.",
    ),
}
