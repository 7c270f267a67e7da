"""Work in processes of its own, which outlive the browser tab and the app."""
