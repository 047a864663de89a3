"""A report for people and for programs: text, JSON, SARIF, HTML."""
