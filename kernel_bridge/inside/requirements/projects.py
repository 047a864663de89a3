"""Which project a module is imported from, where their names differ.

Longest first: `google.cloud.storage` is a project of its own, and nothing of `google.protobuf`'s.
"""

from collections.abc import Iterable, Mapping

PROJECTS: Mapping[str, str] = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.storage": "google-cloud-storage",
    "google.generativeai": "google-generativeai",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "googleapiclient": "google-api-python-client",
    "haystack": "haystack-ai",
    "IPython": "ipython",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "mysql.connector": "mysql-connector-python",
    "nacl": "pynacl",
    "netCDF4": "netcdf4",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pylab": "matplotlib",
    "rest_framework": "djangorestframework",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "umap": "umap-learn",
    "win32com": "pywin32",
    "wx": "wxpython",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# Names that many projects share: without a longer one nothing is known.
NAMESPACES = frozenset({"google", "azure", "mysql", "zope", "google.cloud", "backports", "jaraco"})


def project_of(module: str, imports: Mapping[str, str]) -> str | None:
    """The project of a dotted name; `imports` are those of a lock file, project by import name."""
    for name in prefixes(module):
        if name in NAMESPACES:
            return None
        if name in imports:
            return imports[name]
        if name in PROJECTS:
            return PROJECTS[name]
    top = module.partition(".")[0]
    return top.replace("_", "-").lower()


def prefixes(module: str) -> Iterable[str]:
    """`a.b.c`, `a.b`, `a`."""
    parts = module.split(".")
    return (".".join(parts[:count]) for count in range(len(parts), 0, -1))
