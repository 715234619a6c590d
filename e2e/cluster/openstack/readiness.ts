import { connect } from "node:net";
import { until } from "../wait.ts";

const deadlineMs = 60_000;

/** Waits until a port of loopback accepts a connection. */
export async function waitForPort(name: string, port: number): Promise<void> {
  await until(`${name} on 127.0.0.1:${port}`, deadlineMs, async () => {
    const opened = Promise.withResolvers<true | undefined>();
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => opened.resolve(true));
    socket.once("error", () => opened.resolve(undefined));
    const isOpen = await opened.promise;
    socket.destroy();
    return isOpen;
  });
}

/** Waits until a GET is answered with this status. */
export async function waitForAnswer(name: string, url: string, status: number, token?: string): Promise<void> {
  await until(`${name} with ${status} to GET ${url}`, deadlineMs, async () => {
    const headers = token === undefined ? {} : { "x-auth-token": token };
    const response = await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
    if (response.status !== status) throw new Error(`it answered ${response.status}`);
    return true;
  });
}
