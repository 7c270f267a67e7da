"""Tables behind charts, as a reader prints them."""

import pandas as pd

from scpo.ui.components import printed


def test_shares_are_printed_in_percent_and_what_low_and_high_of_a_ratio_are_as_they_are():
    columns = printed(pd.DataFrame({"accuracy": [0.5], "low": [0.4], "high": [0.6], "units": [1]}))
    assert columns["accuracy"]["type_config"]["format"] == "percent" and columns["low"]["label"] == "95 % interval from"
    assert columns["units"]["label"] == "people or questions"
    assert printed(pd.DataFrame({"ratio": [2.8], "low": [1.5], "high": [4.0]})) == {}
