"""`python -m serving check-config`: every setting with its source, no secret, one sentence for what is wrong."""

import pytest

from serving.__main__ import main
from serving.check_config import descriptions
from serving.settings import Settings

DSN = "postgresql://auditune_api:hunter2@127.0.0.1:5432/business"


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Runs the command with a state file, a `.env` here and variables; returns status, explanations and problems."""
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "state"
    home.mkdir()
    monkeypatch.setenv("AUDITUNE_HOME", str(home))

    def run(state: str = "", here: str = "", **variables: str) -> tuple[int, str, str]:
        (home / "env").write_text(f"export AUDITUNE_API_DSN='{DSN}'\nexport AUDITUNE_READER_DSN='{DSN}'\n{state}")
        (tmp_path / ".env").write_text(here)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        status = main(["check-config"])
        return status, *capsys.readouterr()

    return run


def test_every_setting_has_a_description():
    assert set(descriptions()) == set(Settings.model_fields)
    assert all(text.endswith(".") for text in descriptions().values())


def test_the_environment_counts_more_than_the_file_here_and_that_more_than_the_state_file(check, tmp_path):
    status, out, err = check(
        state="export AUDITUNE_API_PORT='1001'\nexport AUDITUNE_ROW_CAP='11'\nexport AUDITUNE_SCHEMAS='shop,hr'\n",
        here="AUDITUNE_API_PORT=1002   # ours\nAUDITUNE_ROW_CAP='12'\n",
        AUDITUNE_API_PORT="1003",
    )
    assert (status, err) == (0, "")
    assert "AUDITUNE_API_PORT = 1003  (environment)\n    Port to listen on.\n" in out
    assert "AUDITUNE_ROW_CAP = 12  (.env)" in out
    assert f"AUDITUNE_SCHEMAS = shop,hr  ({tmp_path}/state/env)" in out
    assert "AUDITUNE_API_HOST = 127.0.0.1  (default)" in out
    assert "AUDITUNE_ALLOWED_NETWORKS = 127.0.0.0/8,::1/128,10.0.0.0/8" in out
    assert Settings.from_environment().row_cap == 12


def test_secrets_are_not_shown(check):
    status, out, _ = check(AUDITUNE_API_KEY="secret" * 6)
    assert status == 0
    assert "AUDITUNE_API_KEY = ********  (environment)" in out
    assert "user=auditune_api password=******** " in out
    assert "hunter2" not in out
    assert "secretsecret" not in out


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"AUDITUNE_API_PORT": "eighty"}, "AUDITUNE_API_PORT (from environment) is wrong: input should be a valid"),
        ({"AUDITUNE_ALLOWED_NETWORKS": "10.0.0.1/8"}, "'10.0.0.1/8' is not a network: write CIDRs such as"),
        ({"AUDITUNE_REQUIRE_KEYS": "perhaps"}, "AUDITUNE_REQUIRE_KEYS (from environment) is wrong"),
        ({"AUDITUNE_API_KEY": "hunter2"}, "AUDITUNE_API_KEY (from environment) is wrong"),
        ({"AUDITUNE_TLS_CERT": "/nowhere.pem"}, "belong together"),
    ],
)
def test_a_wrong_value_is_one_sentence(check, variables, sentence):
    status, out, err = check(**variables)
    assert status == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert "hunter2" not in out + err


def test_a_missing_value_is_one_sentence(check, monkeypatch, tmp_path):
    monkeypatch.setenv("AUDITUNE_HOME", str(tmp_path / "elsewhere"))
    status, _, err = check()
    assert status == 2
    assert err.splitlines() == [
        f"AUDITUNE_{name}_DSN is missing: run `make run` once, or set it." for name in ("API", "READER")
    ]
