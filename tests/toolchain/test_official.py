import pytest

from porter.errors import Unreachable
from porter.home import Home
from porter.platform import Platform
from porter.progress import Quiet
from porter.toolchain.builder import have_builder
from porter.toolchain.model import installed_toolchains
from porter.toolchain.official import install_official


def test_release_hosts_that_do_not_answer(
    platform: Platform, scratch_home: Home, env: dict[str, str]
) -> None:
    offline = {**env, "https_proxy": "http://127.0.0.1:9"}
    builder = have_builder(platform, home=scratch_home, env=env, report=Quiet())
    with pytest.raises(Unreachable, match="Pyodide's release hosts") as caught:
        install_official(platform, builder, home=scratch_home, env=offline, report=Quiet())
    assert len(caught.value.message) < 300
    assert caught.value.log is not None
    assert "Traceback" in caught.value.log.read_text()
    assert installed_toolchains(scratch_home) == []
