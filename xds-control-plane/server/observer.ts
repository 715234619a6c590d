import type { Kind } from "../proto/kinds.ts";
import type { Response } from "../stream/messages.ts";
import type { Rejection } from "../stream/type-state.ts";
import type { Client, StreamInfo } from "./client.ts";
import type { LoadReport } from "./load-report.ts";

/** Hears what happens. Each method may be left out; none may throw. */
export interface Observer {
  /** A stream was admitted. */
  opened?(stream: StreamInfo): void;
  closed?(stream: StreamInfo): void;
  /** A stream was ended because of what its client sent or may not have. */
  refused?(client: Partial<Client>, reason: string): void;
  sent?(stream: StreamInfo, response: Response, bytes: number): void;
  /** A response was accepted, so many milliseconds after it was sent; `standing` is the last of what of its type is rejected all the same. */
  acknowledged?(stream: StreamInfo, response: Response, afterMs: number, standing: Rejection | undefined): void;
  rejected?(stream: StreamInfo, response: Response, rejection: Rejection): void;
  /** A type was asked for that is not served; the request is passed over. */
  unknownType?(stream: StreamInfo, typeUrl: string): void;
  /** A change reached every stream of a group that asked for it: from the change to the last send, milliseconds. */
  pushed?(group: string, kinds: readonly Kind[], streams: number, afterMs: number): void;
  loadReported?(report: LoadReport): void;
}
