"""Keeps generation inside the grammar of a catalog: which tokens may follow, and which must. Used by running_batch.py.

The masks are llguidance's: it walks the tokenizer's trie along the grammar, 15 µs a token at the median.
"""

import llguidance.hf
import numpy as np
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
        self._end = tokenizer.eos_token_id
        self._mask = allocate_token_bitmask(1, vocabulary)  # [1, vocabulary / 32], a bit a token

    def start(self) -> LLMatcher:
        """A new answer's place in the grammar; `advance` moves it on."""
        return self._start.deep_copy()

    def allowed(self, place: LLMatcher) -> np.ndarray:
        """Finds what may follow.

        Args:
            place: Where the answer is.

        Returns:
            The tokens, ascending, at least one.
        """
        fill_next_token_bitmask(place, self._mask)
        parts = self._mask.view(np.uint8)[0]  # eight tokens each
        (some,) = parts.nonzero()  # mostly few: a keyword, a name
        byte, bit = np.unpackbits(parts[some], bitorder="little").reshape(-1, 8).nonzero()
        return some[byte] * 8 + bit

    def advance(self, place: LLMatcher, token: int) -> list[int]:
        """Moves an answer on by a token, and over what must follow.

        What is forced is a text; its tokens are those that the tokenizer makes of it, as far as what comes behind
        cannot change them. The mask at that place would allow the same tokens one by one.

        Args:
            place: Where the answer is; moved.
            token: An allowed one.

        Returns:
            The tokens that must follow, often none.
        """
        place.consume_token(token)
        forced = [] if place.is_stopped() else place.compute_ff_tokens()
        if not place.consume_tokens(forced) or place.is_error():
            raise RuntimeError("The grammar does not go on from a token that its mask allowed.")
        return [*forced, self._end] if place.is_stopped() else forced
