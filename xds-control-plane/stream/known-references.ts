import type { Reference } from "../snapshot/references.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { KindView, Snapshot } from "../snapshot/snapshot.ts";
import { type Interest, wants } from "./interest.ts";
import type { TypeState } from "./type-state.ts";

type References = readonly Reference[];

function referencesOf(resources: readonly Resource[]): References {
  return resources.flatMap(({ references }) => references.subscribes);
}

const knownNews = new WeakMap<readonly Resource[], { readonly base: object; readonly references: References }>();

/** What those refer to that are another version than in the base. One list, sent to a thousand streams, is looked at once. */
export function referencesOfNews(resources: readonly Resource[], base: TypeState["base"]): References {
  const known = knownNews.get(resources);
  if (known?.base === base) return known.references;
  const references = referencesOf(
    resources.filter((each) => each.references.subscribes.length > 0 && base.get(each.name)?.version !== each.version),
  );
  knownNews.set(resources, { base, references });
  return references;
}

const knownHeld = new WeakMap<KindView, { readonly interest: Interest; readonly references: References }>();

/** What all that the client has of a type refers to: on a first request some of it is not sent, for it is known. */
export function heldReferences(type: TypeState, snapshot: Snapshot): References {
  const view = snapshot.view(type.kind);
  const known = knownHeld.get(view);
  if (known?.interest === type.interest) return known.references;
  const held: Resource[] = [];
  for (const each of view.resources.values()) {
    if (each.references.subscribes.length > 0 && wants(type.interest, view, each.name)) held.push(each);
  }
  const references = referencesOf(held);
  knownHeld.set(view, { interest: type.interest, references });
  return references;
}
