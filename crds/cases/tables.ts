import { cloudRules } from "./cloud.ts";
import { flavorRules } from "./flavor.ts";
import { imageRules } from "./image.ts";
import { projectRules } from "./project.ts";
import { secretRules } from "./secret.ts";
import { serverRules } from "./server.ts";

/** The cases of every kind. */
export const tables = [cloudRules, flavorRules, imageRules, projectRules, secretRules, serverRules] as const;
