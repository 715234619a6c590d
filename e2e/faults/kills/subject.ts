import type { KillBed } from "./bed.ts";
import type { LifeBed } from "./life-bed.ts";
import type { Service } from "./services.ts";

/** One thing that happens to an object. */
export interface Phase<B extends LifeBed = KillBed> {
  /** `create`, `rotate`, `delete`. */
  readonly name: string;
  /** The services that the operator writes to in this phase; all others it leaves alone. */
  readonly writesTo: readonly Service[];
  /** What a person does, and what a node would do then, which is played. It may wait for what the operator does. */
  act(bed: B, life: string): Promise<void>;
  /** Whether the operator says that it has done its part. */
  settled(bed: B, life: string): Promise<boolean>;
}

/**
 * A kind, in one form, that the operator is killed over. Objects of it are made, changed and deleted one after another;
 * each is a life, whose name is part of the names of all that is made for it.
 */
export interface Subject<B extends LifeBed = KillBed> {
  /** As in the report: `Secret, RSA order`. */
  readonly name: string;
  /** What all lives need, made before the first. It stays until the bed is closed. */
  open?(bed: B): Promise<void>;
  /** What one life needs. It is there before the life, and is taken away after it. */
  begin?(bed: B, life: string): Promise<void>;
  end?(bed: B, life: string): Promise<void>;
  /** In their order; the last one deletes the object, with all that was made for it. */
  readonly phases: readonly Phase<B>[];
}
