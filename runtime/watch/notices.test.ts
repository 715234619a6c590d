import { describe, expect, test } from "vitest";
import { type ApiError, apiErrorOf } from "../client/errors.ts";
import { WatchNotices } from "./notices.ts";

const status = (code: number): ApiError => apiErrorOf("watch widgets", code, "");
const absent = status(404);
const forbidden = status(403);
const throttled = status(429);
const cut = new Error("the connection was cut");

/** An attempt that failed, or a namespace (undefined: all) in which the API server answered. */
type Heard = { readonly error: Error; readonly in?: string } | { readonly answered: string | undefined };

const answered = (namespace?: string): Heard => ({ answered: namespace });

describe("what is said of a watch", () => {
  test.each<[string, readonly Heard[], readonly (string | undefined)[]]>([
    ["nothing, while it is answered", [answered(), answered()], [undefined, undefined]],
    ["each failure", [{ error: cut }, { error: cut }], ["failed", "failed"]],
    ["once that the kind is not served", [{ error: absent }, { error: absent }], ["absent", undefined]],
    [
      "once that it is served again, and once that it goes again",
      [{ error: absent }, answered(), answered(), { error: absent }],
      ["absent", "served", undefined, "absent"],
    ],
    [
      "not anew that it is not served, after a failure in between",
      [{ error: absent }, { error: cut }, { error: absent }],
      ["absent", "failed", undefined],
    ],
    [
      "no word of the storage of a kind that comes; one of a kind that is there",
      [{ error: absent }, { error: throttled }, answered(), { error: throttled }],
      ["absent", undefined, "served", "failed"],
    ],
    [
      "once for all namespaces that the kind is not served",
      [{ error: absent, in: "a" }, { error: absent, in: "b" }, answered("b"), answered("a")],
      ["absent", undefined, "served", undefined],
    ],
    [
      "once for each namespace that it may not be read, until it may",
      [
        { error: forbidden, in: "a" },
        { error: forbidden, in: "a" },
        { error: forbidden, in: "b" },
        answered("a"),
        { error: forbidden, in: "a" },
      ],
      ["forbidden", undefined, "forbidden", undefined, "forbidden"],
    ],
    [
      "each time that the whole cluster may not be read: that does not mend itself",
      [{ error: forbidden }, { error: forbidden }],
      ["failed", "failed"],
    ],
  ])("%s", (_name, heard, said) => {
    const notices = new WatchNotices();
    const kinds = heard.map((each) =>
      "error" in each ? notices.failed(each.error, each.in)?.kind : notices.answered(each.answered)?.kind,
    );
    expect(kinds).toEqual(said);
  });

  test("a namespace that comes back begins anew", () => {
    const notices = new WatchNotices();
    notices.failed(forbidden, "a");
    notices.closed("a");
    expect(notices.failed(forbidden, "a")?.kind).toBe("forbidden");
  });
});
