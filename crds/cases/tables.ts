import { accessPolicyRules } from "./accesspolicy.ts";
import { cloudRules } from "./cloud.ts";
import { deniedIdentityRules } from "./deniedidentity.ts";
import { edgePolicyRules } from "./edgepolicy.ts";
import { flavorRules } from "./flavor.ts";
import { imageRules } from "./image.ts";
import { projectRules } from "./project.ts";
import { remoteConsoleRules } from "./remoteconsole.ts";
import { secretRules } from "./secret.ts";
import { serverRules } from "./server.ts";

/** The cases of every kind. */
export const tables = [
  accessPolicyRules,
  cloudRules,
  deniedIdentityRules,
  edgePolicyRules,
  flavorRules,
  imageRules,
  projectRules,
  remoteConsoleRules,
  secretRules,
  serverRules,
] as const;
