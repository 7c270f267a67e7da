"""The lesson in a real browser: links to a step, keys, presenter mode, narrow screens, accessibility."""

import re

import pytest
from faults import check_faultless, serious_faults

from screenshots import settle

pytestmark = pytest.mark.browser
STEPS = range(1, 10)
ANSWER = re.compile("answer")


@pytest.fixture
def opened(visit):
    """opened(query, width, scheme): a step with its chart drawn; it must end without errors or foreign requests."""
    pages = []

    def go(query="", width=1400, scheme="light"):
        page = visit(f"learn{query}", width, scheme)
        settle(page, ANSWER)
        pages.append(page)
        return page

    yield go
    for page in pages:
        check_faultless(page, "learn")


def heading(page, number):
    """The heading of a step, waited for."""
    found = page.get_by_role("heading", name=re.compile(rf"^{number}\. ")).first
    found.wait_for()
    settle(page, ANSWER)
    return found


@pytest.fixture
def drawn(shown):
    """drawn(query, width, scheme): a step with its chart drawn, opened once."""
    return lambda query, width, scheme: shown(f"learn{query}", ANSWER, width, scheme)


@pytest.mark.parametrize("number", STEPS)
def test_a_link_opens_each_step_which_fits_a_narrow_screen(drawn, number):
    page = drawn(f"?step={number}", 420, "dark")
    page.get_by_role("heading", name=re.compile(rf"^{number}\. ")).first.wait_for()
    assert page.locator(".js-plotly-plot").count() == 1 and page.get_by_role("slider").count() >= 1
    assert ("step=" in page.url) == (number > 1)  # the first is where a link without a step leads
    check_width(page)


def check_width(page):
    """No sideways scrolling at a width of 420 pixels, and nothing cut off."""
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 420
    parts = (
        *page.locator(".js-plotly-plot").all(),
        *page.get_by_test_id("stSlider").all(),
        *page.get_by_role("button", name=re.compile("^(arrow|Next|Previous|Leave|Presenter)")).all(),
    )
    for box in [part.bounding_box() for part in parts]:
        assert box["x"] >= 0 and box["x"] + box["width"] <= 421


def test_next_and_previous_by_keyboard_change_the_step_and_the_link(opened):
    page = opened()
    page.get_by_role("button", name="Next: Bradley-Terry").focus()
    page.keyboard.press("Enter")
    heading(page, 2)
    assert "step=2" in page.url
    page.get_by_role("button", name="Previous: One average").focus()
    page.keyboard.press("Enter")
    heading(page, 1)
    assert "step=" not in page.url
    page.go_back()
    heading(page, 2)


def test_all_controls_of_a_step_are_reached_by_the_tab_key(opened):
    page = opened("?step=4")
    page.get_by_role("button", name="Presenter mode").focus()
    reached = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("() => document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )
    for name in ("Country", "Weight: β (beta)", "Show the answer", "Previous: Filter", "Next: Collapse"):
        assert any(name in (words or "") for words in reached), (name, reached)


def test_a_question_shows_its_answer_when_asked_and_the_next_one_is_closed_again(opened):
    page = opened("?step=3")
    hidden = page.get_by_text("it is wrong on every single pair that is left")
    assert not hidden.is_visible()
    page.locator("summary", has_text="Show the answer").focus()
    page.keyboard.press("Enter")
    hidden.wait_for(state="visible")
    page.get_by_role("button", name="Next: Weight").click()
    heading(page, 4)
    assert not page.get_by_text("Very large: m / β goes to 0").is_visible()


def test_a_slider_moves_the_chart_by_keyboard_and_the_link_keeps_it(opened):
    page = opened("?step=3")
    page.get_by_role("slider", name="Filter: τ (tau)").focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_text(re.compile("^τ = 0.69 keeps")).wait_for()
    page.wait_for_url(re.compile("cut=0.69"), wait_until="commit")
    settle(page, ANSWER)
    assert "τ = 0.69" in page.locator(".js-plotly-plot .annotation-text").all_text_contents()
    page.reload()
    page.get_by_text(re.compile("^τ = 0.69 keeps")).wait_for()


def test_a_turned_step_begins_at_its_top_in_the_window(opened):
    page = opened("?step=3", width=420)
    page.get_by_role("button", name="Next: Weight").click()
    heading(page, 4)
    assert page.get_by_role("heading", name=re.compile("^4")).first.is_visible()


def test_presenter_mode_has_large_type_one_chart_and_the_keys_of_a_remote_control(opened):
    page = opened("?step=5&present=1")
    heading(page, 5)
    assert page.locator(".js-plotly-plot").count() == 1
    assert page.get_by_text("The numbers behind this chart").count() == 0
    sizes = page.evaluate("""() => [...document.querySelectorAll('.js-plotly-plot text')].filter(t => t.textContent)
        .map(t => parseFloat(getComputedStyle(t).fontSize))""")
    assert min(sizes) >= 20
    chart = page.locator(".js-plotly-plot").bounding_box()
    bar = page.get_by_role("button", name=re.compile("Next: Efficiency")).bounding_box()
    assert chart["width"] > 0.6 * 1400 and chart["y"] + chart["height"] <= bar["y"], "the chart is not on one screen"
    page.keyboard.press("PageDown")
    heading(page, 6)
    assert "step=6" in page.url and "present=1" in page.url
    page.keyboard.press("PageUp")
    heading(page, 5)
    page.get_by_role("button", name="Leave presenter mode").click()
    page.get_by_text("The numbers behind this chart").wait_for()
    assert "present" not in page.url and "step=5" in page.url


def test_arrows_turn_the_steps_of_presenter_mode_or_move_a_slider_and_esc_leaves(opened):
    page = opened("?step=3&present=1")
    heading(page, 3)
    page.keyboard.press("ArrowRight")
    heading(page, 4)
    page.keyboard.press("ArrowLeft")
    heading(page, 3)
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_text(re.compile("^τ = 0.69 keeps")).wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("The numbers behind this chart").wait_for()
    assert "present" not in page.url and "step=3" in page.url


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_a_step_for_a_wall_is_as_high_as_the_window_with_large_type_on_its_controls_too(opened, size):
    page = opened("?step=7&present=1")
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    for number in (7, 8, 9):
        heading(page, number)
        bar = page.locator(".st-key-presenting").bounding_box()
        parts = (page.locator(".js-plotly-plot"), page.get_by_role("button", name="The answer"))
        for box in [part.bounding_box() for part in parts]:
            assert box["y"] + box["height"] <= bar["y"] and box["x"] + box["width"] <= size[0]
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollHeight <= e.clientHeight"), "the step is higher than the window"
        assert page.locator(".js-plotly-plot").bounding_box()["height"] > 0.55 * size[1]
        controls = ".st-key-wall :is(label, button) p, .st-key-presenting .stButton p, [data-testid=stSliderThumbValue]"
        sizes = page.eval_on_selector_all(controls, "all => all.map(e => parseFloat(getComputedStyle(e).fontSize))")
        assert len(sizes) > 4 and min(sizes) >= 20
        page.keyboard.press("PageDown")


def question_in_sight(page, number):
    """The question stands above the buttons at the foot of a step, not below all that is drawn."""
    foot = page.get_by_role("button", name=re.compile("(Next|Previous)(: |$)")).last.bounding_box()["y"]
    box = page.get_by_text("Question.").bounding_box()
    assert box["y"] < foot, number


def test_the_lesson_is_read_to_its_end_from_the_keyboard_and_each_question_is_in_sight_beside_its_chart(opened):
    page = opened()
    question_in_sight(page, 1)
    for number in STEPS[1:]:
        page.get_by_role("button", name="Next: ").focus()
        page.keyboard.press("Enter")
        heading(page, number)
        question_in_sight(page, number)
        page.locator("summary", has_text="Show the answer").focus()
        page.keyboard.press("Enter")
    page.get_by_text("Three lines to remember").wait_for()
    page.get_by_role("link", name="What steering costs everybody else").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/bias*")


@pytest.mark.parametrize(
    ("query", "width", "scheme"),
    [
        ("?step=1", 1400, "light"),
        ("?step=2", 420, "dark"),
        ("?step=3", 1400, "dark"),
        ("?step=4", 420, "dark"),
        ("?step=5", 1400, "light"),
        ("?step=6", 420, "dark"),
        ("?step=7", 420, "dark"),
        ("?step=9", 1400, "light"),
        ("?step=9&present=1", 420, "dark"),
        ("?step=7&present=1", 1400, "light"),
        ("?step=3&present=1", 1400, "dark"),
        ("?step=6&present=1", 420, "light"),
    ],
)
def test_no_serious_accessibility_fault_and_the_figure_has_words(drawn, query, width, scheme):
    page = drawn(query, width, scheme)
    assert serious_faults(page) == []
    check_faultless(page, "learn")
    if width == 420:
        check_width(page)
    assert page.get_by_role("figure", name=re.compile(r"\d")).count() == 1


def test_a_hostile_link_opens_the_first_step(opened):
    page = opened("?step=%3Cscript%3Ealert(1)%3C/script%3E&present=%3Cb%3E&of=![x](https://evil.example/x.png)")
    heading(page, 1)
    assert page.get_by_text("evil").count() == 0
