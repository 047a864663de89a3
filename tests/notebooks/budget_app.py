import marimo

app = marimo.App()


@app.cell
def _():
    import statistics

    return (statistics,)


@app.cell
def _():
    spent = {"rent": 900, "food": 412, "books": 35}
    return (spent,)


@app.cell
def _(spent, statistics):
    mean = statistics.mean(spent.values())
    over = [name for name, sum_ in spent.items() if sum_ > mean]
    over
    return (over,)


if __name__ == "__main__":
    app.run()
# mypy: ignore-errors
