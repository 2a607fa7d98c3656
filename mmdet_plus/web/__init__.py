"""The demo page in the browser: what it shows; ``page`` alone knows gradio."""
