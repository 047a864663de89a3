from pathlib import Path

from kernel_bridge.jobs.presence import Presence, is_present


def test_a_server_is_there_until_it_ends(tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.mkdir()
    assert not is_present(tmp_path, upload)
    server = Presence(tmp_path)
    server.sign(upload)
    server.sign(upload)
    assert is_present(tmp_path, upload)
    server.close()
    assert not is_present(tmp_path, upload)
    (upload / "server").write_text("killed")
    (tmp_path / "servers/killed.lock").touch()
    assert not is_present(tmp_path, upload)
    assert not (tmp_path / "servers/killed.lock").exists()
