import { defineConfig } from "vitest/config";

/**
 * Kinds of tests. `pure` needs nothing and runs in parallel; `xds` runs the xDS control plane against real Envoys; `control` runs against the local cluster
 * (e2e/cluster), which its global set-up starts once and which test files share, each in a namespace of its own;
 * `faults` has that cluster for itself: one file after another, after the others.
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
            "**/*.xds.test.ts",
            "**/*.node.test.ts",
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
          name: "control",
          include: ["**/*.control.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: ["e2e/cluster/vitest-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "faults",
          include: ["e2e/faults/**/*.faults.test.ts"],
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
          include: ["e2e/proofs/**/*.faults.test.ts"],
          exclude: ["**/node_modules/**"],
          globalSetup: ["e2e/cluster/vitest-setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
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
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
