# %% [markdown]
# Every second Tuesday

# %%
from datetime import datetime

from dateutil.rrule import TU, WEEKLY, rrule

# %%
days = list(rrule(WEEKLY, interval=2, byweekday=TU, count=5, dtstart=datetime(2026, 1, 1)))
for day in days:
    print(f"{day:%d %B}")

# %%
assert days[0].day == 13
# mypy: ignore-errors
