import { expect, test } from "vitest";
import { endpoint } from "../conformance/fixtures.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import type { Response } from "./messages.ts";
import { adopt, flush, newStream, receive, type StreamState } from "./stream.ts";

const names = ["a", "b", "c"];
const first = Snapshot.of(names.map((name) => endpoint(name, 80)));
const second = first.with({ put: [endpoint("a", 81), endpoint("b", 81)] });

/** A delta stream of its own that asked for these names, and answered what it was sent, with an error if there is one. */
function stream(id: string, asked: readonly string[], error?: string): StreamState {
  const common = {
    node: undefined,
    typeUrl: "",
    bytes: 0,
    initialVersions: new Map<string, string>(),
    unsubscribe: [],
  };
  const opened = adopt(newStream("delta", id, 0), first, undefined, 0);
  const request = { ...common, subscribe: [...asked], nonce: "", error: undefined };
  const { state, responses } = flush(receive(opened, "endpoint", request, 0), 0);
  const detail = error === undefined ? undefined : { code: 3, message: error };
  return receive(state, "endpoint", { ...common, subscribe: [], nonce: responses[0]?.nonce ?? "", error: detail }, 0);
}

const changed = second.changedSince(first);

function sent(state: StreamState): Response {
  const [response] = flush(adopt(state, second, changed, 0), 0).responses;
  if (response === undefined) throw new Error("nothing was sent");
  return response;
}

test("streams in the same state are sent the same list, under a nonce of their own", () => {
  const [one, other] = [sent(stream("1", names)), sent(stream("2", names))];
  expect(one.resources.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(other.resources).toBe(one.resources);
  expect(other.nonce).not.toBe(one.nonce);
});

test("a stream that asked for something else is sent what it asked for", () => {
  sent(stream("1", names));
  expect(sent(stream("3", ["b", "c"])).resources.map(({ name }) => name)).toEqual(["b"]);
});

test("a stream that rejected is looked at by itself, and one that did not is not taken for it", () => {
  const rejecting = stream("4", names, "a: no");
  expect(sent(rejecting).resources).not.toBe(sent(stream("5", names)).resources);
  expect(sent(rejecting).resources.map(({ name }) => name)).toEqual(["a", "b"]);
});

test("a change that a stream was not told of before is not lost to what was found for the others", () => {
  const third = second.with({ put: [endpoint("c", 82)] });
  const behind = adopt(adopt(stream("6", names), second, changed, 0), third, third.changedSince(second), 0);
  sent(stream("7", names));
  const [response] = flush(behind, 0).responses;
  expect(response?.resources.map(({ name }) => name)).toEqual(["a", "b", "c"]);
});
