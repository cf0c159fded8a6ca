"""Where models run: in this process (`micro_batch`, `in_process`), or on servers of OpenAI's protocol (`servers`)."""
