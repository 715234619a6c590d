import { buildah } from "./engines/buildah.ts";
import { docker, dockerAnswers } from "./engines/docker.ts";

/** What is to be built, and where to. */
export interface BuildRequest {
  /** Absolute path of the folder that the Dockerfile copies from. */
  readonly context: string;
  readonly dockerfile: string;
  readonly reference: string;
  readonly args: Readonly<Record<string, string>>;
  /** The stage of the Dockerfile that is meant, where it is not the last. */
  readonly target?: string;
  /** Absolute path of the OCI archive to write. */
  readonly archive: string;
}

/** A program that builds images from Dockerfiles. */
export interface Engine {
  build(request: BuildRequest): Promise<void>;
}

/** Docker where its daemon answers, else buildah, which needs none (and is installed as root where it is missing). */
export async function engine(print: (line: string) => void): Promise<Engine> {
  return (await dockerAnswers()) ? docker : await buildah(print);
}
