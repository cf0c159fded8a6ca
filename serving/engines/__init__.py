"""Where models run: in this process (`in_process`), or on servers that speak OpenAI's protocol (`servers`)."""
