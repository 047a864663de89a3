from setuptools import Extension, setup

setup(
    ext_modules=[Extension("runbitmap._core", ["src/runbitmap/_core.pyx"])],
    # Keeps the generated C out of src.
    options={"build_ext": {"cython_c_in_temp": True}},
)
