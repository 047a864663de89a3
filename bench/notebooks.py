"""Notebooks made up of what people write: the same ones for the same seed.

Of all, three in five have lines of pip and three in four a cell that plain Python cannot read,
as was counted in public notebooks.
"""

import json
import random
from collections.abc import Iterator

PIP = [
    "%pip install -q {a} {b}",
    "!pip install {a}=={v}",
    "!pip install --upgrade {a} {b}>={v}\n!pip install {c}",
    "%pip install '{a}[all]>={v}' {b}",
    "!conda install -y -c conda-forge {a}",
]
MAGIC = [
    "%matplotlib inline\n",
    "%load_ext autoreload\n%autoreload 2\n",
    "%%time\n",
    "%config InlineBackend.figure_format = 'retina'\n",
    "files = !ls *.csv\n",
]
PROJECTS = ["pandas", "numpy", "seaborn", "scikit-learn", "plotly", "xgboost", "torch", "altair"]
IMPORTS = [
    "import pandas as pd\nimport numpy as np\nimport matplotlib.pyplot as plt\nimport seaborn as sns",
    "import os\nimport sys\nimport json\nfrom pathlib import Path\nfrom collections import Counter",
    (
        "from sklearn.model_selection import train_test_split\n"
        "from sklearn.linear_model import LinearRegression, LogisticRegression\n"
        "from sklearn.metrics import accuracy_score, confusion_matrix"
    ),
    "import torch\nimport torch.nn as nn\nfrom torch.utils.data import DataLoader, Dataset",
    "import requests\nfrom bs4 import BeautifulSoup\nimport re\nimport time",
    "import tensorflow as tf\nfrom tensorflow import keras\nfrom tensorflow.keras import layers",
]
CELLS = [
    """df = pd.read_csv("data/{n}.csv", parse_dates=["date"])
print(df.shape)
df.head()""",
    """df["{n}"] = df["price"] * df["quantity"]
df["year"] = df["date"].dt.year
monthly = df.groupby(["year", "store"])["{n}"].agg(["mean", "std", "count"]).reset_index()
monthly.sort_values("mean", ascending=False).head({i})""",
    """fig, ax = plt.subplots(1, 2, figsize=(12, 5))
ax[0].plot(monthly["year"], monthly["mean"], label="mean", color="teal", linewidth=2)
ax[0].fill_between(monthly["year"], monthly["mean"] - monthly["std"], monthly["mean"])
ax[0].set_xlabel("Year")
ax[0].set_ylabel("{n}")
ax[1].hist(df["{n}"].dropna(), bins={i}, alpha=0.7)
ax[1].set_title(f"Distribution of {n}, %d rows" % len(df))
plt.tight_layout()
plt.show()""",
    """features = ["age", "income", "visits", "{n}"]
X = df[features].fillna(df[features].median())
y = (df["churned"] == "yes").astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state={i})
model = LogisticRegression(max_iter=1000, C=0.5)
model.fit(X_train, y_train)
predictions = model.predict(X_test)
print("accuracy: {{:.3f}}".format(accuracy_score(y_test, predictions)))""",
    """def clean_{n}(text, *, lower=True, limit={i}):
    \"\"\"Words of a text without marks.\"\"\"
    if not isinstance(text, str):
        return []
    text = re.sub(r"[^\\w\\s]", " ", text)
    words = [word for word in text.split() if len(word) > 2 and word not in STOP]
    if lower:
        words = [word.lower() for word in words]
    return words[:limit]


counts = Counter(word for text in df["review"] for word in clean_{n}(text))
for word, count in counts.most_common({i}):
    print(f"{{word:<20}} {{count:>6}}")""",
    """class Net{n}(nn.Module):
    def __init__(self, inputs, hidden={i}, outputs=10):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, hidden // 2)
        self.last = nn.Linear(hidden // 2, outputs)
        self.dropout = nn.Dropout(0.25)

    def forward(self, x):
        x = torch.relu(self.first(x))
        x = self.dropout(torch.relu(self.second(x)))
        return self.last(x)


net = Net{n}(784)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()""",
    """losses = []
for epoch in range({i}):
    running = 0.0
    for step, (images, labels) in enumerate(loader):
        optimizer.zero_grad()
        outputs = net(images.view(images.shape[0], -1))
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running += loss.item()
        if step % 100 == 99:
            print(f"[{{epoch + 1}}, {{step + 1}}] loss: {{running / 100:.3f}}")
            running = 0.0
    losses.append(running)""",
    """response = requests.get("https://example.org/{n}", params={{"page": {i}}}, timeout=10)
response.raise_for_status()
soup = BeautifulSoup(response.text, "html.parser")
rows = []
for row in soup.select("table tr")[1:]:
    cells = [cell.get_text(strip=True) for cell in row.find_all("td")]
    rows.append({{"name": cells[0], "value": float(cells[1].replace(",", ""))}})
table = pd.DataFrame(rows)
table.describe()""",
    """rng = np.random.default_rng({i})
samples = rng.normal(loc=0.0, scale=1.5, size=(1000, {i}))
means = samples.mean(axis=0)
interval = np.percentile(means, [2.5, 97.5])
np.corrcoef(samples.T)[:3, :3].round(2)""",
    """with open("results/{n}.json", "w") as file:
    json.dump({{"loss": losses, "epochs": {i}}}, file, indent=2)""",
    """df.isnull().sum().sort_values(ascending=False).head({i})""",
    """sns.heatmap(df.corr(numeric_only=True), annot=True, cmap="coolwarm", fmt=".2f")
plt.title("Correlation of {n}")
plt.show()""",
    """pivot = df.pivot_table(index="store", columns="month", values="{n}", aggfunc="sum")
best = pivot.sum(axis=1).nlargest({i}).index.tolist()
pivot.loc[best].T.plot(kind="line", marker="o", figsize=(10, 6), grid=True)""",
    """try:
    import cudf
    HAS_GPU = True
except ImportError:
    HAS_GPU = False
DATA = Path.home() / "data" / "{n}"
SIZE = {i} * 1024
if not DATA.exists():
    os.makedirs(DATA)""",
]
WORDS = [
    "sales",
    "rain",
    "visits",
    "orders",
    "price",
    "weight",
    "score",
    "speed",
    "length",
    "energy",
    "traffic",
    "delay",
]
TEXT = "Here the **data** are loaded, and what is *missing* is filled with the median.\n"


def make_notebooks(count: int, *, outputs: bool = True, seed: int = 7) -> Iterator[bytes]:
    """Files of notebooks, format 4.5, of 8 to 30 cells each."""
    draw = random.Random(seed)
    for _ in range(count):
        sources = [_fill(draw, draw.choice(IMPORTS)) for _ in range(draw.randint(1, 3))]
        sources += [_fill(draw, draw.choice(CELLS)) for _ in range(draw.randint(7, 27))]
        if draw.random() < 0.6:
            sources.insert(0, _pip(draw))
            magic = draw.random() < 0.5
        else:
            magic = draw.random() < 0.375
        if magic:
            at = draw.randrange(1, len(sources))
            sources[at] = draw.choice(MAGIC) + sources[at]
        yield json.dumps(_notebook(draw, sources, outputs=outputs), indent=1).encode()


def _fill(draw: random.Random, text: str) -> str:
    if "{" not in text:
        return text
    return text.format(n=draw.choice(WORDS), i=draw.randint(3, 64))


def _pip(draw: random.Random) -> str:
    a, b, c = draw.sample(PROJECTS, 3)
    return draw.choice(PIP).format(a=a, b=b, c=c, v=f"{draw.randint(0, 3)}.{draw.randint(0, 20)}")


def _notebook(draw: random.Random, sources: list[str], *, outputs: bool) -> dict[str, object]:
    cells: list[dict[str, object]] = []
    for number, source in enumerate(sources):
        if number % 3 == 0:
            cells.append(
                {
                    "cell_type": "markdown",
                    "id": f"{draw.getrandbits(32):08x}",
                    "metadata": {},
                    "source": [f"## Step {number}\n", "\n", TEXT],
                }
            )
        cells.append(
            {
                "cell_type": "code",
                "execution_count": number,
                "id": f"{draw.getrandbits(32):08x}",
                "metadata": {},
                "outputs": _outputs(draw) if outputs else [],
                "source": source.splitlines(keepends=True),
            }
        )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"name": "python", "version": "3.12.4", "file_extension": ".py"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": about},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _outputs(draw: random.Random) -> list[object]:
    kind = draw.random()
    if kind < 0.4:
        return []
    if kind < 0.8:
        lines = [f"{draw.choice(WORDS):<12}{draw.random():8.3f}\n" for _ in range(8)]
        return [{"name": "stdout", "output_type": "stream", "text": lines}]
    picture = f"{draw.getrandbits(8 * draw.randint(2_000, 20_000)):x}"
    data = {"image/png": picture, "text/plain": ["<Figure size 1200x500 with 2 Axes>"]}
    return [{"data": data, "metadata": {}, "output_type": "display_data"}]
