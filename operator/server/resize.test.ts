import { expect, test } from "vitest";
import type { ServerStatus } from "#operator/api/generated/server.ts";
import { aServer } from "./fixtures.ts";
import { nextResize, type ResizeStage } from "./resize.ts";

const NOW = "2026-11-23T12:00:00Z";
const BEGAN = "2026-11-23T11:00:00Z";
const open = { from: "small", to: "large", startedAt: BEGAN };

interface Row {
  readonly name: string;
  readonly wanted: string;
  readonly status?: ServerStatus;
  readonly resize?: { readonly confirm: "Automatic" | "Manual"; readonly confirmed?: string };
  readonly running?: string;
  readonly is: ResizeStage;
}

const TABLE: readonly Row[] = [
  { name: "a new Server has the Flavor that it names", wanted: "small", is: { flavor: "small", stage: "none" } },
  {
    name: "a changed Flavor begins a resize",
    wanted: "large",
    status: { flavor: "small" },
    running: "small",
    is: { flavor: "small", stage: "resizing", resize: { from: "small", to: "large", startedAt: NOW } },
  },
  {
    name: "it goes on until the guest runs with it",
    wanted: "large",
    status: { flavor: "small", resize: open },
    is: { flavor: "small", stage: "resizing", resize: open },
  },
  {
    name: "Automatic is confirmed when the guest runs with it",
    wanted: "large",
    status: { flavor: "small", resize: open },
    running: "large",
    is: { flavor: "large", stage: "none", ended: "confirmed" },
  },
  {
    name: "Manual waits in verify, since when it runs",
    wanted: "large",
    status: { flavor: "small", resize: open },
    resize: { confirm: "Manual" },
    running: "large",
    is: { flavor: "small", stage: "verify", resize: { ...open, appliedAt: NOW } },
  },
  {
    name: "and stays there while the guest is between two lives",
    wanted: "large",
    status: { flavor: "small", resize: { ...open, appliedAt: BEGAN } },
    resize: { confirm: "Manual" },
    is: { flavor: "small", stage: "verify", resize: { ...open, appliedAt: BEGAN } },
  },
  {
    name: "a confirmation of another Flavor does not count",
    wanted: "large",
    status: { flavor: "small", resize: { ...open, appliedAt: BEGAN } },
    resize: { confirm: "Manual", confirmed: "medium" },
    running: "large",
    is: { flavor: "small", stage: "verify", resize: { ...open, appliedAt: BEGAN } },
  },
  {
    name: "confirmed ends it",
    wanted: "large",
    status: { flavor: "small", resize: { ...open, appliedAt: BEGAN } },
    resize: { confirm: "Manual", confirmed: "large" },
    running: "large",
    is: { flavor: "large", stage: "none", ended: "confirmed" },
  },
  {
    name: "flavorRef set back reverts",
    wanted: "small",
    status: { flavor: "small", resize: open },
    resize: { confirm: "Manual" },
    running: "large",
    is: { flavor: "small", stage: "reverting", resize: open },
  },
  {
    name: "the revert ends when the guest runs with the first Flavor",
    wanted: "small",
    status: { flavor: "small", resize: open },
    resize: { confirm: "Manual" },
    running: "small",
    is: { flavor: "small", stage: "none", ended: "reverted" },
  },
  {
    name: "a third Flavor is tried from the first",
    wanted: "huge",
    status: { flavor: "small", resize: open },
    resize: { confirm: "Manual" },
    running: "large",
    is: { flavor: "small", stage: "resizing", resize: { from: "small", to: "huge", startedAt: NOW } },
  },
  {
    name: "a status that was lost is made again from what runs",
    wanted: "large",
    running: "small",
    is: { flavor: "small", stage: "resizing", resize: { from: "small", to: "large", startedAt: NOW } },
  },
];

test.each(TABLE)("$name", ({ wanted, status, resize = { confirm: "Automatic" }, running, is }) => {
  const server = aServer({ flavorRef: { name: wanted }, resize }, status);
  expect(nextResize({ server, running, now: NOW })).toEqual(is);
});
