from glob import glob

from pybind11.setup_helpers import Pybind11Extension
from setuptools import setup

setup(
    ext_modules=[
        Pybind11Extension(
            "tilecodec._core",
            sorted(glob("cpp/*.cpp")),
            depends=["cpp/tilecodec.hpp"],
            cxx_std=17,
        )
    ]
)
