/** Where a caller gets the token for its requests. */
export interface TokenSource {
  /** A token that is valid for a while yet. */
  get(signal?: AbortSignal): Promise<string>;
  /** A token other than `refused`, which a service answered with 401. */
  renew(refused: string, signal?: AbortSignal): Promise<string>;
}
