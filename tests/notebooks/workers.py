"""Runs jobs beside each other."""

from threading import Thread


def run_all(jobs):
    threads = [Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
# mypy: ignore-errors
