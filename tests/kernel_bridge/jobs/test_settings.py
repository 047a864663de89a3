from pathlib import Path

import pytest

from kernel_bridge.errors import BadSettings
from kernel_bridge.jobs.settings import JobSettings, parse_job_settings


def test_settings_are_parsed_and_have_defaults(tmp_path: Path) -> None:
    assert parse_job_settings({}, data_folder=tmp_path) == JobSettings(
        spool=tmp_path / "porter-uploads"
    )
    given = {"targets": {"lake": "/data/lake"}, "cluster": "tcp://10.0.0.1:8786", "workers": 4}
    told = parse_job_settings(given, data_folder=tmp_path)
    assert (told.targets["lake"], told.cluster, told.workers) == (
        Path("/data/lake"), "tcp://10.0.0.1:8786", 4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"targets": ["lake"]}, "targets is"),
        ({"targets": {"../lake": "/x"}}, "targets is '../lake'"),
        ({"targets": {"lake": "x"}}, "targets['lake'] is 'x'"),
        ({"targets": {"lake": None}}, "targets['lake'] is None"),
        ({"spool": "here"}, "spool is 'here'"),
        ({"cluster": "http://x"}, "cluster is 'http://x'"),
        ({"cluster": 5}, "cluster is 5"),
        ({"workers": 0}, "workers is 0"),
        ({"keep": True}, "keep is True"),
        ({"chunk_limit": "1"}, "chunk_limit is '1'"),
    ],
)
def test_what_cannot_be_read_is_told(given: dict[str, object], told: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        parse_job_settings(given, data_folder=tmp_path)
    assert str(caught.value).startswith(f"c.PorterJobs.{told}")
