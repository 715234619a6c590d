import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { BarbicanClient } from "#operator/clients/barbican/client.ts";
import type { Order as BarbicanOrder } from "#operator/clients/barbican/orders.ts";
import type { SecretMetadata } from "#operator/clients/barbican/secret-metadata.ts";
import type { CloudAccess, CloudClients } from "#operator/clients/cloud-access.ts";
import { connectionOf } from "#operator/clients/cloud-connection.ts";
import { recordPayloadRead } from "#operator/payload-read.ts";
import { timeText } from "#runtime/api/time.ts";
import type { Logger } from "#runtime/observe/log.ts";
import type { KeyManager, ListedSecret, Order, OrderRequest, ReadReason, SecretClouds } from "./key-manager.ts";
import { Remembered } from "./remembered.ts";

export interface OpenStackDeps {
  readonly access: CloudAccess;
  /** Where audit records go: a line each, before the payload is asked for. */
  readonly audit: Logger;
  readonly clock: () => Date;
}

/** The Clouds' Keystone and Barbican as this kind needs them. */
export function openStackClouds({ access, audit, clock }: OpenStackDeps): SecretClouds {
  const userIds = new Remembered<string>(clock);
  return {
    async keyManager(cloud, projectId, { reconcileId, signal }) {
      const clients = await access.forCloud(cloud);
      const call = { signal, requestId: `req-${reconcileId}` };
      const { userId } = await clients.keystone(call).whoAmI();
      const { requestId } = call;
      const record = (secretId: string, { object, purpose }: ReadReason): void =>
        recordPayloadRead(audit, { object, purpose, projectId, secretId, userId, requestId });
      const base = keyManagerUrl(cloud);
      return keyManagerOf(clients.project(projectId, call).barbican, userId, base, record);
    },
    async userId(cloud, user, domain) {
      const clients = await access.forCloud(cloud);
      return userIds.get(JSON.stringify([cloud.metadata.uid, domain, user]), () => findUser(clients, user, domain));
    },
  };
}

async function findUser(clients: CloudClients, user: string, domain: string): Promise<string | undefined> {
  const keystone = clients.keystone();
  const found = await keystone.domains.findByName(domain);
  return found === undefined ? undefined : (await keystone.users.findByName(found.id, user))?.id;
}

/** The address that people use, which may not be the one that we do. */
function keyManagerUrl(cloud: Cloud): string {
  const url = cloud.status?.endpoints?.keyManager ?? connectionOf(cloud).keyManager.url;
  return url.replace(/\/+$/, "").replace(/\/v1$/, "");
}

function keyManagerOf(
  barbican: BarbicanClient,
  userId: string,
  base: string,
  record: (id: string, reason: ReadReason) => void,
): KeyManager {
  const { secrets, metadata, acls, consumers, orders, containers } = barbican;
  return {
    userId,
    refOf: (kind, id) => `${base}/v1/${kind}/${id}`,
    list: async () => {
      const found: ListedSecret[] = [];
      for await (const secret of secrets.list()) found.push(listedOf(secret));
      return found;
    },
    listByName: async (name) => (await secrets.listByName(name)).map(listedOf),
    get: async (id) => {
      const found = await secrets.get(id);
      return found === undefined ? undefined : listedOf(found);
    },
    create: ({ name, type, expiresAt }) =>
      secrets.create({
        name,
        secretType: type,
        ...(expiresAt === undefined ? {} : { expiration: timeText(expiresAt) }),
      }),
    putPayload: (id, payload) => secrets.putPayload(id, payload),
    readPayload: async (id, reason) => {
      const payload = await secrets.readPayload(id, { audit: async () => record(id, reason) });
      return payload === undefined ? undefined : Buffer.from(payload);
    },
    delete: (id) => secrets.delete(id),
    metadata: (id) => metadata.get(id),
    putMetadata: (id, values) => metadata.put(id, values),
    acl: (id) => acls.get(id),
    putAcl: (id, acl) => acls.put(id, acl),
    addConsumer: (id, consumer) => consumers.add(id, consumer),
    removeConsumer: (id, consumer) => consumers.remove(id, consumer),
    order: (request) => place(barbican, request),
    getOrder: async (id) => {
      const found = await orders.get(id);
      return found === undefined ? undefined : orderOf(found);
    },
    ordersByMark: async (mark) => (await orders.listByMark(mark)).map(orderOf),
    deleteOrder: (id) => orders.delete(id),
    container: async (id) => {
      const found = await containers.get(id);
      return found === undefined
        ? undefined
        : Object.fromEntries(found.secrets.map(({ name, id: secretId }) => [name, secretId]));
    },
    deleteContainer: (id) => containers.delete(id),
  };
}

function place({ orders }: BarbicanClient, request: OrderRequest): Promise<string> {
  const { kind, name, algorithm, bitLength, expiresAt, marks } = request;
  const order = {
    name,
    algorithm,
    bitLength,
    marks,
    ...(algorithm === "aes" ? { mode: "cbc" } : {}),
    ...(expiresAt === undefined ? {} : { expiration: timeText(expiresAt) }),
  };
  return kind === "key" ? orders.createKey(order) : orders.createAsymmetric(order);
}

function listedOf(secret: SecretMetadata): ListedSecret {
  const { id, name, secretType, createdAt, expiresAt, creatorId, hasPayload, consumers } = secret;
  return {
    id,
    name,
    type: secretType,
    createdAt: new Date(createdAt),
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
    ...(creatorId === undefined ? {} : { creatorId }),
    hasPayload,
    consumers,
  };
}

function orderOf({ id, status, createdAt, creatorId, secretId, containerId, error, marks }: BarbicanOrder): Order {
  return {
    id,
    status: status === "PENDING" || status === "ACTIVE" ? status : "ERROR",
    createdAt: new Date(createdAt),
    marks,
    ...(error === undefined ? {} : { problem: error }),
    ...(creatorId === undefined ? {} : { creatorId }),
    ...(secretId === undefined ? {} : { secretId }),
    ...(containerId === undefined ? {} : { containerId }),
  };
}
