"""Keeps generation inside the grammar of a catalog: a mask over the next token's logits. Used by generate.py.

The masks are llguidance's: it walks the tokenizer's trie along the grammar, 15 µs a token at the median.
"""

from collections.abc import Sequence

import llguidance.hf
import numpy as np
import torch
from llguidance import LLMatcher
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.sql.catalog import Catalog
from training.sql.grammar import build_answer_grammar


class GrammarConstraint:
    """The grammar of one catalog, compiled for one tokenizer."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, catalog: Catalog, vocabulary: int, *, allow_pii_columns: bool = True
    ) -> None:
        """Compiles.

        Args:
            tokenizer: The model's, a fast one.
            catalog: The tables and columns that may be named.
            vocabulary: Width of the model's logits, which may be more than the tokenizer's tokens.
            allow_pii_columns: Whether tagged columns may be named.
        """
        grammar = build_answer_grammar(catalog, allow_pii_columns=allow_pii_columns)
        self._tokenizer = llguidance.hf.from_tokenizer(tokenizer, vocabulary)
        self._start = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(grammar))
        if self._start.is_error():
            raise ValueError(f"The grammar of the catalog does not compile: {self._start.get_error()}")
        self._vocabulary = vocabulary

    def start(self) -> LLMatcher:
        """A new answer's place in the grammar; `consume_token` moves it on."""
        return self._start.deep_copy()

    def restrict(self, logits: torch.Tensor, places: Sequence[LLMatcher | None]) -> torch.Tensor:
        """Forbids what the grammar does not go on with.

        Args:
            logits: `[B, vocabulary]`.
            places: One for each row; None leaves the row as it is.

        Returns:
            The logits, minus infinity at forbidden tokens.
        """
        masks = allocate_token_bitmask(len(places), self._vocabulary)  # [B, vocabulary / 32], a bit a token, all set
        for row, place in enumerate(places):
            if place is not None:
                fill_next_token_bitmask(place, masks, row)
        # (llguidance.torch would do this by torch.compile, which takes a minute at the first question)
        allowed = np.unpackbits(masks.view(np.uint8), axis=1, count=self._vocabulary, bitorder="little")
        return logits.masked_fill(torch.from_numpy(allowed == 0).to(logits.device), -torch.inf)
