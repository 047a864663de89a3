import sys
from pathlib import Path

from porter.environment import tool_env
from porter.home import Home


def test_only_what_is_listed_is_passed_on(tmp_path: Path) -> None:
    environ = {
        "PATH": "/usr/bin",
        "HOME": "/root",
        "CFLAGS": "-march=native",
        "PYTHONPATH": "/x",
        "LD_PRELOAD": "x.so",
        "PIP_INDEX_URL": "http://mirror",
        "HTTPS_PROXY": "http://proxy",
        "SSL_CERT_FILE": "/ca.pem",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PIP_CACHE_DIR": "/elsewhere",
    }
    env = tool_env(environ, Home(root=tmp_path))
    assert not env.keys() & {"CFLAGS", "PYTHONPATH", "LD_PRELOAD", "AWS_SECRET_ACCESS_KEY"}
    for name in ("HOME", "PIP_INDEX_URL", "HTTPS_PROXY", "SSL_CERT_FILE"):
        assert env[name] == environ[name]
    assert env["PATH"] == f"{sys.prefix}/bin:/usr/bin"
    caches = {env[name] for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "npm_config_cache")}
    assert all(Path(cache).parent == tmp_path for cache in caches)
