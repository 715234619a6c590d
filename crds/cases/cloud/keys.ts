import type { RuleCase } from "../../testing/rule-case.ts";
import { DURATION, deploying } from "./deployed.ts";

/** How long the keys, passwords and tokens of deployed services are good. */

export const keyCases: readonly RuleCase[] = [
  {
    says: "passwords that rotate every minute",
    fault: deploying({ passwords: { rotateEvery: "1m" } }),
    control: deploying({ passwords: { rotateEvery: "1h" } }),
    at: "spec.passwords.rotateEvery",
    refusedWith: DURATION("1h", "8760h"),
  },
  {
    says: "credential keys that rotate every minute",
    fault: deploying({ identity: { credentialKeys: { rotateEvery: "1m" } } }),
    control: deploying({ identity: { credentialKeys: { rotateEvery: "1h" } } }),
    at: "spec.identity.credentialKeys.rotateEvery",
    refusedWith: DURATION("1h", "8760h"),
  },
  {
    says: "a key-encryption key that rotates every minute",
    fault: deploying({ keyManager: { kek: { rotateEvery: "1m" } } }),
    control: deploying({ keyManager: { kek: { rotateEvery: "1h" } } }),
    at: "spec.keyManager.kek.rotateEvery",
    refusedWith: DURATION("1h", "8760h"),
  },
  {
    says: "tokens for two days",
    fault: deploying({ identity: { tokens: { lifetime: "48h" } } }),
    control: deploying({ identity: { tokens: { lifetime: "24h" } } }),
    at: "spec.identity.tokens.lifetime",
    refusedWith: DURATION("1m", "24h"),
  },
  {
    says: "a rotation each minute",
    fault: deploying({ identity: { keys: { rotateEvery: "1m" } } }),
    control: deploying({ identity: { keys: { rotateEvery: "1h" } } }),
    at: "spec.identity.keys.rotateEvery",
    refusedWith: DURATION("1h", "8760h"),
  },
];
