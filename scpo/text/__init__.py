"""Numbers in, sentences out: results, measures and settings in words. Knows nothing of Streamlit or plotly."""
