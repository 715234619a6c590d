import { type ChannelCredentials, Client, status } from "@grpc/grpc-js";
import { type Entry, type HeldEntry, heldOf, writtenOf } from "./entry.ts";
import {
  createEntries,
  deleteEntries,
  everyField,
  listEntries,
  type Method,
  type Result,
  updateEntries,
} from "./messages.ts";
import { SpireError } from "./spire-error.ts";

/** How long one call may take, milliseconds. */
const ANSWER_WITHIN_MS = 5_000;
const PAGE = 500;

/**
 * SPIRE's Entry API: who is given which identity. The caller must be one of the server's `admin_ids`, or come by its
 * private socket.
 */
export class EntryApi {
  readonly #client: Client;
  readonly #address: string;

  /** @param address `host:port`, or `unix:///path` */
  constructor(address: string, credentials: ChannelCredentials) {
    this.#address = address;
    this.#client = new Client(address, credentials, {
      "grpc.enable_http_proxy": 0,
      "grpc.service_config_disable_resolution": 1,
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /**
   * All entries that there are, whoever made them.
   *
   * @throws SpireError, as all calls do
   */
  async list(): Promise<readonly HeldEntry[]> {
    const found: HeldEntry[] = [];
    let pageToken = "";
    do {
      const page = await this.#ask(listEntries, { outputMask: everyField, pageSize: PAGE, pageToken });
      found.push(...page.entries.map(heldOf));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return found;
  }

  /** One that is there already, or one of the same identity, parent and selectors, is left as it is. */
  async create(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const { results } = await this.#ask(createEntries, { entries: entries.map(writtenOf) });
    this.#check("create", entries, results, status.ALREADY_EXISTS);
  }

  /** Makes them as they are given, whole. */
  async update(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const { results } = await this.#ask(updateEntries, { entries: entries.map(writtenOf), inputMask: everyField });
    this.#check("update", entries, results);
  }

  /** One that is gone already counts as deleted. */
  async delete(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { results } = await this.#ask(deleteEntries, { ids });
    const named = ids.map((id) => ({ id }));
    this.#check("delete", named, results, status.NOT_FOUND);
  }

  close(): void {
    this.#client.close();
  }

  #ask<Request, Response>({ path, encode, decode }: Method<Request, Response>, request: Request): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const deadline = Date.now() + ANSWER_WITHIN_MS;
    this.#client.makeUnaryRequest(path, encode, decode, request, { deadline }, (error, response) => {
      if (error === null && response !== undefined) resolve(response);
      else reject(this.#problem(error));
    });
    return promise;
  }

  #check(
    verb: string,
    asked: readonly { readonly id: string }[],
    results: readonly Result[],
    isWell: status = status.OK,
  ): void {
    results.forEach(({ status: { code, message } }, index) => {
      if (code === status.OK || code === isWell) return;
      throw new SpireError(`SPIRE at ${this.#address} did not ${verb} the entry ${asked[index]?.id}: ${message}`);
    });
  }

  #problem(error: (Error & { code?: number; details?: string }) | null): SpireError {
    const { code } = error ?? {};
    const said = `${code === undefined ? "" : `${status[code]}: `}${this.#wordsOf(error)}`;
    const help = code === status.PERMISSION_DENIED ? "; the caller is none of the server's admin_ids" : "";
    return new SpireError(`SPIRE at ${this.#address}: ${said}${help}`, error === null ? {} : { cause: error });
  }

  /** Without what differs each time, because it stands in conditions: times, and how long each part of a call took. */
  #wordsOf(error: (Error & { code?: number; details?: string }) | null): string {
    // Either end may be the first to see that the time is over.
    if (error?.code === status.DEADLINE_EXCEEDED || error?.code === status.CANCELLED)
      return `no answer within ${ANSWER_WITHIN_MS / 1000} s`;
    const text = error?.details ?? error?.message ?? "no answer";
    return text.replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)/g, "").replace(/\.? Resolution note:.*$/, "");
  }
}
