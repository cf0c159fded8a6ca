"""What a training shows on stderr: a bar that is rewritten on a terminal, plain lines elsewhere."""

import os
import pty
import sys

from training.progress import Progress


def _shown_on_a_terminal(monkeypatch) -> str:
    controller, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        progress = Progress("training", 40, "pairs")
        progress.advance(10, "step 1/4, loss 2.500")
        progress.advance(30, "step 4/4, loss 1.250")
        monkeypatch.undo()
        shown = ""
        while not shown.endswith("\n"):
            shown += os.read(controller, 10_000).decode()
    os.close(controller)
    return shown


def test_a_terminal_gets_one_line_with_a_bar_step_loss_rate_and_time_left(monkeypatch):
    first, second = _shown_on_a_terminal(monkeypatch).split("\r\x1b[K")[1:]
    assert first.startswith("training: [#####...............] 10/40 pairs, step 1/4, loss 2.500, ")
    assert "pairs/s" in first
    assert first.endswith(" s left")
    assert second.startswith("training: [####################] 40/40 pairs, step 4/4, loss 1.250, ")
    assert second.endswith("0 s left\r\n")


def test_a_file_gets_plain_lines_and_the_last_one_always(capsys):
    progress = Progress("training", 40, "pairs")
    progress.advance(10, "step 1/4, loss 2.500")
    progress.advance(30, "step 4/4, loss 1.250")
    shown = capsys.readouterr().err
    assert shown.startswith("training: 40/40 pairs, step 4/4, loss 1.250, ")
    assert shown.count("\n") == 1
    assert "\r" not in shown


def test_only_one_process_shows_it(capsys):
    Progress("training", 1, "pairs", is_shown=False).advance(1)
    assert capsys.readouterr().err == ""
