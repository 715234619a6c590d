import { Agent, request } from "undici";
import type { Echo } from "./echo.ts";

export interface Asked {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request by a connection of its own, with TLS as it is said: its status, 0 for a failed connection, and what the backend saw. */
export async function ask(
  url: string,
  { method = "GET", headers = {} }: Asked,
  tls: object,
): Promise<readonly [number, Echo?]> {
  const via = new Agent({ connections: 1, connect: { rejectUnauthorized: false, ...tls } });
  try {
    const { statusCode, headers: answered, body } = await request(url, { method, headers, dispatcher: via });
    const text = await body.text();
    return answered["x-backend"] === undefined ? [statusCode] : [statusCode, JSON.parse(text) as Echo];
  } catch {
    return [0];
  } finally {
    await via.destroy();
  }
}
