from pathlib import Path

import numpy
from setuptools import Extension, setup

include = Path(numpy.get_include())
setup(
    ext_modules=[
        Extension(
            "binmap._core",
            ["src/binmap/_core.pyx"],
            include_dirs=[str(include)],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
            library_dirs=[str(include.parent / "lib"), str(include.parents[1] / "random" / "lib")],
            libraries=["npyrandom", "npymath"],
        )
    ],
    # Keeps the generated C out of src.
    options={"build_ext": {"cython_c_in_temp": True}},
)
