"""What the lesson's last steps say: the limits of all this, and how to choose a method for one's own ends."""

from scpo.lesson.step import Step

CLOSING = (
    Step(
        name="Limits",
        title="What must nobody conclude from this?",
        minutes=3,
        big="A country is not a person.",
        see=(
            "Give {country} the best model a country can have: its own planted taste. Each dot is one person of "
            "{country}, and the share of this person's choices that the model gets right. **Try it:** ask fewer "
            "people, or others."
        ),
        title_of_points="What to leave unsaid",
        points=(
            ("A country is not a person.", "A model of its average taste can be wrong about you, and often."),
            ("Few people, wide intervals.", "Whoever was not asked is not in the data."),
            ("A choice is not a value.", "Preferring an answer on one day is not a culture's belief."),
            ("Steering has a price.", "A model that flatters a majority can silence a minority inside the country."),
            ("This world is simulated.", "Its countries are invented; nothing here is about a real one."),
        ),
        said=(
            "{asked} of {all_people} people asked: the model is right on {estimate:.1f} % of their choices, 95 % "
            "interval {low:.1f} to {high:.1f} when whole people are drawn again ({low_pairs:.1f} to {high_pairs:.1f} "
            "if single pairs were, as if one person's choices were unrelated). All people: {truth:.1f} %. From person "
            "to person it goes from {least:.0f} to {most:.0f} %."
        ),
        large=(
            "{asked} people put the mean of {country} between {low:.0f} and {high:.0f} %. Single people go from "
            "{least:.0f} to {most:.0f} %."
        ),
        alt=(
            "Accuracy of {country}'s own taste for each of its {all_people} people, from {least:.0f} to {most:.0f} %, "
            "with the mean of {asked} people asked, {estimate:.1f} %, and its 95 % interval, {low:.1f} to {high:.1f}."
        ),
        question=(
            "How many times as many people must be asked for an interval half as wide? And would a narrow interval "
            "tell you what your neighbour likes?"
        ),
        answer=(
            "About four times as many: the width falls with the square root of the number of people. And no: the "
            "interval is about the mean of the country. However narrow it gets, the dots stay as far apart as they "
            "are. People, not pairs, are drawn again, because the choices of one person resemble each other; in "
            "most countries here, drawing pairs makes the interval too narrow."
        ),
        few_people=(
            "The demo experiment tests 60 people of every population, and most of its gains are clear. With the same "
            "planted tastes and as few test people as PRISM has, 4 to 14 in a country, nearly every gain may be chance."
        ),
        formulas=(r"\text{width} \propto \frac{1}{\sqrt{\text{number of people}}}",),
    ),
    Step(
        name="Your weights",
        title="Which method should one use?",
        minutes=3,
        big="No method is best for every purpose.",
        see=(
            "A model for {country} can be right in two ways: where the global model was wrong, which is *what my "
            "country wants*, and where it was right, *what everybody shares*. Training for the one costs the other. "
            "**Try it:** say how much each counts for you, and see which method wins, here and in every country. The "
            "*shared prior* is this project's own method: it expects a country to differ from the global model as the "
            "other countries do."
        ),
        said=(
            "With {own} % on what {country} wants and {common} % on what everybody shares, **{best}** is first with "
            "{best_score:.1f} %, {ahead_words}. First in the countries at these weights: {wins_words}."
        ),
        large="{own} % for what {country} wants, {common} % for what everybody shares: {best} wins.",
        alt=(
            "What each method gets right in {country} over the weight on what the country wants: {reign_words}. At "
            "{own} %: {best}. Below, the same for every country; at {own} %: {wins_words}."
        ),
        question=(
            "Put all the weight on one side, then on the other. Which method wins, and would you give it to people?"
        ),
        answer=(
            "With all weight on what everybody shares nothing beats the global model, which gets all of these pairs "
            "right by definition. With all weight on what the country wants, and at least 100 steps, the filter "
            "alone wins: it has unlearned common ground for it. Neither is a model to give to people. In between, "
            "methods take turns, and how long each one's turn is depends on the country.\n\n"
            "So a table with one best method hides somebody's weights. Plain accuracy takes those that the data "
            "happen to have, which nobody chose: in {country} {equal:.0f} % for what the country wants."
        ),
        formulas=(r"w \cdot \text{own} + (1 - w) \cdot \text{shared}",),
        title_of_points="Three lines to remember",
        points=(
            ("One average sides with the loudest.", "Ask whom a model serves before you ask how good it is."),
            ("Steering gives and takes.", "Whoever reports a country's gain reports what it costs of common ground."),
            ("The best method depends on your weights.", "Say them before you look at the table."),
        ),
    ),
)
