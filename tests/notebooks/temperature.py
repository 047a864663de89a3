# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The warmest week

# %%
import csv
from statistics import mean

with open("temperature.csv") as file:
    degrees = [float(row["degrees"]) for row in csv.DictReader(file)]

# %%
weeks = [mean(degrees[start : start + 7]) for start in range(0, len(degrees), 7)]
warmest = max(range(len(weeks)), key=weeks.__getitem__)
print(f"week {warmest + 1}: {weeks[warmest]:.1f} degrees")

# %%
assert warmest == 2
# mypy: ignore-errors
