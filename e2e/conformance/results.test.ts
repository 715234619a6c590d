import { expect, test } from "vitest";
import { resultsIn } from "./results.ts";

const OUTPUT = `{1} barbican_tempest_plugin.tests.api.test_secrets.SecretsTest.test_create[id-1,smoke] [0.210346s] ... ok
{0} setUpClass (barbican_tempest_plugin.tests.scenario.test_volume.VolumeTest) ... SKIPPED: cinder is not there
{0} tempest.api.identity.v3.test_tokens.TokensTest.test_token_auth[id-2] [1.003s] ... FAILED
{0} tempest.api.identity.v3.test_users.UsersTest.test_lockout[id-3,slow] ... SKIPPED: Security compliance not available.

Captured traceback:
    a line of a traceback ... ok
`;

test("tests are counted by their end, and those that did not pass are named", () => {
  expect(resultsIn(OUTPUT)).toEqual({
    passed: 1,
    skipped: [
      {
        test: "setUpClass (barbican_tempest_plugin.tests.scenario.test_volume.VolumeTest)",
        reason: "cinder is not there",
      },
      {
        test: "tempest.api.identity.v3.test_users.UsersTest.test_lockout",
        reason: "Security compliance not available.",
      },
    ],
    failed: ["tempest.api.identity.v3.test_tokens.TokensTest.test_token_auth"],
  });
});
