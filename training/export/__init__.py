"""Writes an adapter for other programs: a merged model (vLLM, transformers), a GGUF file (llama.cpp), or plain peft.

Called by `python -m training export`. `command` says what happens, `source` finds the adapter and its base model.
"""
