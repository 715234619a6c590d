import { expect, test } from "vitest";
import { JoinedBytes } from "./joined-bytes.ts";

test("parts are one message: as long as all, and copied one behind the other, to where they are asked to be", () => {
  const message = new JoinedBytes([Buffer.from("ab"), Buffer.alloc(0), Buffer.from("cde")]);
  const target = Buffer.from("........");
  expect([message.byteLength, message.copy(target, 2), target.toString()]).toEqual([5, 5, "..abcde."]);
});
