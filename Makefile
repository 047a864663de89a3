# Every target calls the real tool; .venv/ready is the set-up that each of them needs.
.PHONY: demo test journeys test-bridge kernel-parity frames lint numpy pandas suites bench bench-index bench-report bench-recipes bench-lab docs lab labextension report-accuracy pictures lock clean

READY := .venv/ready
BROWSERS := .venv/browsers
SERVICES := .venv/services
UI := kernel_bridge/ui
MODULES := $(UI)/node_modules/.package-lock.json
LABEXTENSION := kernel_bridge/labextensions/porter-kernel-bridge/package.json
FRAMES := $(addprefix recipes/,nanoarrow numpy pandas contourpy kiwisolver pillow matplotlib)
RECIPES := recipes/rollstat recipes/tilecodec recipes/runbitmap recipes/regex

demo: $(READY) $(BROWSERS)
	.venv/bin/porter build --test --out dist $(RECIPES)
	.venv/bin/python -m demo dist/rollstat-*.whl dist/*.whl

test: lint $(BROWSERS) $(SERVICES)
	.venv/bin/pytest -n 3 --dist worksteal -m "not journey and not bridge"

journeys: $(LABEXTENSION) $(BROWSERS) $(SERVICES)
	.venv/bin/pytest -n 2 -m journey

test-bridge: $(LABEXTENSION) $(BROWSERS) $(SERVICES) frames
	.venv/bin/pytest -n 2 --dist loadfile -m bridge

# What a browser's kernel needs for data frames and plots.
frames: $(READY)
	.venv/bin/porter build --platform 314 --timeout 3600 --out dist/bridge $(FRAMES)
	.venv/bin/python -m pip download --quiet --no-deps --only-binary :all: --require-hashes --dest dist/bridge -r demo/frames.txt

lint: $(READY)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

numpy: $(READY)
	.venv/bin/porter build --test --timeout 1800 --out dist recipes/numpy

pandas: $(READY)
	.venv/bin/porter build --test --platform 0.29 --platform 314 --out dist/pandas recipes/pandas

suites: $(READY) $(BROWSERS)
	.venv/bin/python -m bench.suites

labextension: $(LABEXTENSION)

lab: $(LABEXTENSION)
	.venv/bin/porter build --platform 314 --out dist/lab $(RECIPES)
	.venv/bin/porter lab demo/notebooks --wheels dist/lab $(addprefix --wheels ,$(wildcard dist dist/pandas dist/bridge))

docs: $(READY)
	.venv/bin/python docs/reference/findings.py > docs/reference/findings.md
	.venv/bin/python docs/reference/index_commands.py > docs/reference/index-commands.md
	.venv/bin/python docs/reference/management_api.py > docs/reference/management-api.md
	.venv/bin/python docs/reference/report_rules.py > docs/reference/report-rules.md

report-accuracy: demo numpy
	.venv/bin/python docs/reference/report_accuracy.py dist/*.whl > report-accuracy.new
	mv report-accuracy.new docs/reference/report-accuracy.md

kernel-parity: $(LABEXTENSION) $(BROWSERS) frames
	.venv/bin/python docs/reference/kernel_parity.py > kernel-parity.new
	mv kernel-parity.new docs/reference/kernel-parity.md

pictures: demo frames $(LABEXTENSION)
	.venv/bin/python docs/images/pages.py dist/rollstat-*.whl dist/*.whl
	.venv/bin/python docs/images/lab.py

bench: $(READY) $(BROWSERS)
	.venv/bin/python -m bench
	.venv/bin/python -m bench.proof

bench-index: $(READY) $(BROWSERS)
	.venv/bin/python -m bench.index
	.venv/bin/python -m bench.first_import
	.venv/bin/python -m bench.index_size

bench-report: $(READY)
	.venv/bin/python -m bench.report_reading
	.venv/bin/python -m bench.report

bench-recipes: $(READY)
	.venv/bin/python -m bench.recipes

bench-lab: $(LABEXTENSION) $(BROWSERS) $(SERVICES) frames
	.venv/bin/python -m bench.lab

lock: $(READY)
	.venv/bin/uv pip compile --universal --generate-hashes --no-header --upgrade \
	    --extra dev --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv dist

$(READY): requirements.lock pyproject.toml bootstrap.sh
	sh bootstrap.sh

$(BROWSERS): $(READY) browsers.sh
	sh browsers.sh

$(SERVICES): $(READY) services.sh
	sh services.sh

$(MODULES): $(UI)/package-lock.json | $(READY)
	npm --prefix $(UI) ci --no-audit --no-fund
	touch $@

$(LABEXTENSION): $(READY) $(MODULES) $(UI)/package.json $(shell find $(UI)/src $(UI)/python $(UI)/style $(UI)/schema -type f 2>/dev/null)
	PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix $(UI) run build
