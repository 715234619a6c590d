import type { Api } from "../api.ts";
import { booleanIn, defined, listIn, objectIn, textIn, textsIn } from "../shape.ts";

/** A project, as the Identity API v3 has it. */
export interface Project {
  readonly id: string;
  readonly name: string;
  /** Of a domain, its own id. */
  readonly domainId: string;
  /** Keystone has every domain as a project too, of the same id. */
  readonly isDomain: boolean;
  readonly description: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
}

export interface NewProject {
  readonly name: string;
  readonly domainId: string;
  /** Given with the creation, so that a crash right after it leaves a project that can be found again. */
  readonly tags: readonly string[];
  readonly description?: string;
  readonly enabled?: boolean;
}

/** Fields that are absent stay as they are; `tags` replaces all. */
export type ProjectChange = Partial<Pick<Project, "name" | "description" | "enabled" | "tags">>;

export interface Projects {
  /** Throws Conflict when the domain has a project of that name. */
  create(project: NewProject): Promise<Project>;
  get(id: string): Promise<Project | undefined>;
  findByName(domainId: string, name: string): Promise<Project | undefined>;
  /** All of all domains. */
  list(): Promise<readonly Project[]>;
  /** All that carry a tag; a tag holds neither comma nor slash (Identity API v3, "Project tags"). */
  listByTag(tag: string): Promise<readonly Project[]>;
  /** Throws NotFound when it is gone. */
  update(id: string, change: ProjectChange): Promise<Project>;
  addTag(id: string, tag: string): Promise<void>;
  delete(id: string): Promise<void>;
}

export function createProjects(api: Api): Projects {
  const one = "/v3/projects/{id}";
  const inAnswer = (json: unknown): Project => parseProject(objectIn(json, "project"));
  const list = (query: Readonly<Record<string, string>>): Promise<readonly Project[]> =>
    api.read({ method: "GET", route: "/v3/projects", query }, (json) => listIn(json, "projects").map(parseProject));
  return {
    create: ({ name, domainId, tags, description, enabled }) => {
      const project = defined({ name, domain_id: domainId, tags, description, enabled });
      return api.read({ method: "POST", route: "/v3/projects", json: { project } }, inAnswer);
    },
    get: (id) => api.find({ method: "GET", route: one, params: { id } }, inAnswer),
    findByName: async (domainId, name) =>
      (await list({ domain_id: domainId, name })).find((project) => project.name === name),
    list: () => list({}),
    listByTag: (tag) => list({ tags: tag }),
    update: (id, change) =>
      api.read({ method: "PATCH", route: one, params: { id }, json: { project: change } }, inAnswer),
    addTag: async (id, tag) => {
      await api.send({ method: "PUT", route: "/v3/projects/{id}/tags/{tag}", params: { id, tag } });
    },
    delete: (id) => api.remove({ method: "DELETE", route: one, params: { id } }),
  };
}

function parseProject(json: unknown): Project {
  const id = textIn(json, "id");
  const isDomain = booleanIn(json, "is_domain");
  return {
    id,
    name: textIn(json, "name"),
    domainId: isDomain ? id : textIn(json, "domain_id"),
    isDomain,
    description: objectIn(json)["description"] === null ? "" : textIn(json, "description"),
    enabled: booleanIn(json, "enabled"),
    tags: textsIn(json, "tags"),
  };
}
