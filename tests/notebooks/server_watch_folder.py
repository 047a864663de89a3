# %% [markdown]
# Tell when a file changes, while the notebook goes on

# %%
import threading
import time
from pathlib import Path


# %%
def watch(path, seen):
    while not seen:
        if path.stat().st_mtime > time.time() - 1:
            seen.append(path.name)
        time.sleep(0.1)


# %%
seen = []
threading.Thread(target=watch, args=(Path("sales.csv"), seen), daemon=True).start()
# mypy: ignore-errors
