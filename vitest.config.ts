import { defineConfig } from "vitest/config";

/**
 * Kinds of tests. `pure` needs nothing and runs in parallel; `xds` runs the xDS control plane against real Envoys;
 * `spire` runs what stands on identities against real SPIRE servers and agents; `control` runs against the local cluster (e2e/cluster), which its global set-up starts once and which test files share,
 * each in a namespace of its own; `proofs` and `faults` have that cluster for themselves, one file after another; `readme`
 * types what the README says; `node` runs against a cluster with a real node.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "pure",
          include: ["**/*.test.ts"],
          exclude: [
            "**/node_modules/**",
            "**/*.control.test.ts",
            "**/*.faults.test.ts",
            "**/*.proof.test.ts",
            "**/*.xds.test.ts",
            "**/*.spire.test.ts",
            "**/*.node.test.ts",
            "**/*.readme.test.ts",
          ],
        },
      },
      {
        test: {
          name: "xds",
          include: ["**/*.xds.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "spire",
          include: ["**/*.spire.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "control",
          include: ["**/*.control.test.ts"],
          exclude: ["**/node_modules/**"],
          // As every program of ours is started: what is done with garbage is done here, too.
          execArgv: ["--expose-gc"],
          globalSetup: ["e2e/cluster/vitest-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "faults",
          include: ["**/*.faults.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: ["e2e/cluster/vitest-setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // They read what the others left in logs and files, and so come before those that break things.
        test: {
          name: "proofs",
          include: ["**/*.proof.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: ["e2e/cluster/vitest-setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The README's commands start a cluster of their own and take it down.
        test: {
          name: "readme",
          include: ["**/*.readme.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "node",
          include: ["**/*.node.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: ["e2e/node/vitest-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // One after another: they share a Cloud, and break it.
          maxWorkers: 1,
          // Of what runs beside each other within a file: a node has room for so many importers.
          maxConcurrency: 3,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
