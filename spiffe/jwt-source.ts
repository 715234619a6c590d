import { decodeJwt } from "jose";
import { type JwtBundles, jwtBundlesOf } from "./jwt/bundle.ts";
import { type JwtSvid, validateJwtSvid } from "./jwt/validate.ts";
import type { SpiffeId } from "./spiffe-id.ts";
import { WorkloadApi } from "./workload-api/connection.ts";
import { watchFromFirst } from "./workload-api/first.ts";
import { fetchJwtBundles, fetchJwtSvid } from "./workload-api/messages.ts";

export interface JwtSourceOptions {
  /** Where the Workload API is, `unix:///path`; SPIFFE_ENDPOINT_SOCKET if not said. */
  readonly address?: string;
  /** Hears why nothing new comes. The keys that are held stay. */
  readonly onProblem?: (problem: Error) => void;
}

/** A token of our own. It is a secret until it expires. */
export interface OwnJwtSvid {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: Date;
}

/** JWT-SVIDs: ours, fetched for an audience each, and others', validated by bundles that the agent keeps new. */
export class JwtSource {
  readonly #stop = new AbortController();
  readonly #api: WorkloadApi;
  #bundles: JwtBundles | undefined;

  private constructor(api: WorkloadApi) {
    this.#api = api;
  }

  /**
   * Waits until the agent has given the bundles.
   *
   * @throws Error with the last problem as its cause, when the signal comes before.
   */
  static async open(options: JwtSourceOptions = {}, signal?: AbortSignal): Promise<JwtSource> {
    const source = new JwtSource(new WorkloadApi(options.address));
    await watchFromFirst(
      source.#api,
      fetchJwtBundles,
      {
        what: "JWT bundle",
        onMessage: ({ bundles }) => {
          source.#bundles = jwtBundlesOf(Object.entries(bundles));
        },
        onProblem: options.onProblem,
        signal,
      },
      source.#stop,
    );
    return source;
  }

  /**
   * A token that shows who we are to an audience, which should be one service's name.
   *
   * @param id which identity to be, where a workload has several; the first if not said
   */
  async fetch(audience: string, id?: SpiffeId): Promise<OwnJwtSvid> {
    const { svids } = await this.#api.ask(fetchJwtSvid, { audience: [audience], spiffeId: id ?? "" });
    const [svid] = svids;
    if (svid === undefined) throw new Error(`the agent gave no JWT-SVID for ${audience}`);
    return { id: svid.spiffeId, token: svid.svid, expiresAt: new Date((decodeJwt(svid.svid).exp ?? 0) * 1000) };
  }

  /**
   * Whose token this is, by the bundles of now.
   *
   * @throws InvalidJwtSvid
   */
  validate(token: string, audience: string): Promise<JwtSvid> {
    if (this.#bundles === undefined) throw new Error("this source of JWT-SVIDs is closed");
    return validateJwtSvid(token, audience, this.#bundles);
  }

  close(): void {
    this.#stop.abort();
    this.#bundles = undefined;
  }
}
