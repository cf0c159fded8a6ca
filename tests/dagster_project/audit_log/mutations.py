"""Damage to a line of a log, as broken disks, cut writes and careless copying do it; for the test of the ingest."""

import random
from collections.abc import Callable

# what breaks readers: quotes, line breaks, the null character, bytes that are no UTF-8, halves of surrogate pairs,
# numbers and nests without end
POISON = (
    b'"', b'""', b"'", b"\\", b"\n", b"\r\n", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"{",
    b"}", b",", b"[" * 3000, b'{"a":' * 3000, b"9" * 5000, b"9" * 25, b"1e999", b"NaN", b"-Infinity", b"null", b"true",
    "\N{BYTE ORDER MARK}".encode(), "\N{ARABIC-INDIC DIGIT TWO}".encode(), b"\x1a", b"x" * 200_000,
    b"9999-12-31 23:59:59.999 UTC,", b" [Your log message was truncated]\n",
)  # fmt: skip


def _flip(line: bytes, chance: random.Random) -> bytes:
    changed = bytearray(line)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _delete(line: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(line))
    return line[:start] + line[start + chance.randint(1, 40) :]


def _double(line: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(line))
    return line[:start] + line[start : start + chance.randint(1, 400)] + line[start:]


def _cut(line: bytes, chance: random.Random) -> bytes:
    return line[: chance.randrange(len(line))]


def _behead(line: bytes, chance: random.Random) -> bytes:
    return line[chance.randrange(len(line)) :]


def _poison(line: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(line))
    return line[:start] + chance.choice(POISON) + line[start:]


def _lose_quote(line: bytes, chance: random.Random) -> bytes:
    quotes = [place for place, byte in enumerate(line) if byte == ord('"')]
    place = chance.choice(quotes)
    return line[:place] + line[place + 1 :]


def _join(line: bytes, chance: random.Random) -> bytes:
    return line.rstrip(b"\n") + _flip(line, chance)


def _swap_values(line: bytes, chance: random.Random) -> bytes:
    """A number where a text is expected, and the other way round."""
    parts = line.split(b",")
    first, second = chance.randrange(len(parts)), chance.randrange(len(parts))
    parts[first], parts[second] = parts[second], parts[first]
    return b",".join(parts)


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _delete, _double, _cut, _behead, _poison, _lose_quote, _join, _swap_values,
)  # fmt: skip


def mutate(line: bytes, chance: random.Random) -> bytes:
    """Damages a record, sometimes twice; what comes of it still ends with a line break."""
    for _ in range(chance.choice((1, 1, 1, 2))):
        if line:
            line = chance.choice(MUTATIONS)(line or b"\n", chance) if b'"' in line else _poison(line, chance)
    return line.rstrip(b"\n") + b"\n"
