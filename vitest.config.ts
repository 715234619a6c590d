import { defineConfig } from "vitest/config";

/**
 * Two kinds of tests. `pure` needs nothing and runs in parallel; `control` runs against the local cluster
 * (e2e/cluster), which its global set-up starts once and which test files share, each in a namespace of its own.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "pure",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.control.test.ts"],
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
    ],
  },
});
