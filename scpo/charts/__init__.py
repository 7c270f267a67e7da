"""Charts: each a function from a tidy frame to a plotly figure. Knows nothing of Streamlit, files or torch.

Accuracies come in 0..1 and are drawn in percent. Every point's hover text has its n and interval, and a figure of
simulated data says so inside itself, so that an exported picture does too.
"""
