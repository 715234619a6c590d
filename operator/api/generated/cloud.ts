// Generated from crds/cloud.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** A Cloud is one deployment of the services that Projects live in. It stands in the namespace of the release. */
export interface Cloud extends KubeObject<CloudSpec, CloudStatus> {
  readonly spec: CloudSpec;
}

/** The services as they should be. */
export interface CloudSpec {
  /** OpenStack's release to deploy: 2026.2. Another value upgrades: to the next release, or from one .1 to the next .1; and rolls back while status.release.rollbackTo says so. */
  readonly release?: string;
  /** When an upgrade takes away what only the former release needs of the databases, after which there is no way back. Automatic: once everything of the new release serves. Manual: when this is set to Automatic. Without it Automatic. */
  readonly contract?: "Automatic" | "Manual";
  /** Name of the region in the catalog. */
  readonly region: string;
  readonly identity: CloudIdentity;
  readonly keyManager: CloudKeyManager;
  readonly gateway?: CloudGateway;
  /**
   * Where Servers of all Projects of the Cloud may run: on nodes that are within all of these, and within those of their Project and Image too. A node is within a boundary by its label boundary.node-restriction.kubernetes.io/<name> with the value "true", which a node cannot give itself.
   *
   * Items: One boundary.
   */
  readonly boundaries?: readonly string[];
  readonly images?: CloudImages;
  readonly database?: CloudDatabase;
  readonly cache?: CloudCache;
  readonly passwords?: CloudPasswords;
  readonly backup?: CloudBackup;
  readonly restore?: CloudRestore;
  /** Another value asks for a check of everything before the Cloud is Ready again; of deployed services by a secret that is written and read. The chart gives the revision of its release: helm --wait never takes an older answer for a new one. */
  readonly checkRequest?: string;
  /** While true the Cloud cannot be deleted. */
  readonly protected: boolean;
  /** What becomes of the database's volumes and of the keys when the Cloud is deleted. Retain: they stay, and a Cloud of the same name finds them. */
  readonly onDelete: "Retain" | "Delete";
}

/** Keystone. Without external it is deployed. */
export interface CloudIdentity {
  /** How many pods of Keystone there are. Without it 2. */
  readonly replicas?: number;
  readonly tokens?: CloudIdentityTokens;
  readonly keys?: CloudIdentityKeys;
  readonly credentialKeys?: CloudIdentityCredentialKeys;
  readonly external?: CloudIdentityExternal;
}

/** The tokens that Keystone issues. A change of the format ends the tokens that are out. */
export interface CloudIdentityTokens {
  /** jws: signed, anybody with the public key can check one. fernet: encrypted, only Keystone can. */
  readonly format: "jws" | "fernet";
  /** How long a token is good for, from a minute to a day. */
  readonly lifetime: string;
}

/** The keys of tokens: the pairs that sign them (format jws), and the Fernet keys that encrypt them (format fernet) and receipts. */
export interface CloudIdentityKeys {
  /** The time from one rotation to the next. */
  readonly rotateEvery: string;
  /** Each new value rotates once, as soon as that locks nobody out. */
  readonly rotationRequestedAt?: string;
}

/** The keys by which Keystone encrypts credentials in its database. After each rotation what is stored is encrypted anew. */
export interface CloudIdentityCredentialKeys {
  /** The time from one rotation to the next. */
  readonly rotateEvery: string;
  /** Each new value rotates once, as soon as that locks nobody out. */
  readonly rotationRequestedAt?: string;
}

/** A Keystone that exists. */
export interface CloudIdentityExternal {
  /** Where it is, with the version: https://keystone.example.org/v3. */
  readonly url: string;
  readonly caSecretRef?: CloudIdentityExternalCaSecretRef;
  readonly credentialsSecretRef: CloudIdentityExternalCredentialsSecretRef;
}

/** A core Secret of this namespace with the certificate authority of the URL. Without it, the system's authorities. */
export interface CloudIdentityExternalCaSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** A core Secret of this namespace with the keys username, password and userDomain (a name) of an administrator with a role on the system. */
export interface CloudIdentityExternalCredentialsSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
}

/** Barbican. Without external it is deployed. */
export interface CloudKeyManager {
  /** How many pods of Barbican there are. Without it 2. */
  readonly replicas?: number;
  /** Where payloads are kept. Without it one SimpleCrypto store with the name software. */
  readonly stores?: readonly CloudKeyManagerStore[];
  readonly softHSM?: CloudKeyManagerSoftHSM;
  readonly hsmClient?: CloudKeyManagerHsmClient;
  readonly kek?: CloudKeyManagerKek;
  readonly external?: CloudKeyManagerExternal;
}

/** One store. */
export interface CloudKeyManagerStore {
  /** Its name. */
  readonly name: string;
  /** SimpleCrypto: in the database, encrypted with a key that Nephele holds; for small and trial clouds. PKCS11: in the database, encrypted with keys that are wrapped by one which does not leave a token. */
  readonly type: "SimpleCrypto" | "PKCS11";
  /** Whether new secrets go here, unless their project prefers another store. Of several stores one must be. */
  readonly default: boolean;
  readonly pkcs11?: CloudKeyManagerStorePkcs11;
}

/** The token of a PKCS11 store. */
export interface CloudKeyManagerStorePkcs11 {
  /** Path of the PKCS#11 library in Barbican's pods, in a volume of hsmClient. Without it SoftHSM2, which is for trials: its token is a folder. */
  readonly library?: string;
  /** Label of the token. SoftHSM2's is made where there is none. */
  readonly tokenLabel: string;
  readonly pinSecretRef: CloudKeyManagerStorePkcs11PinSecretRef;
  /** Label of the AES key that wraps the projects' keys; it is made where the token has none, and no data needs it. Without it <cloud>-<store>-mkek. */
  readonly mkekLabel?: string;
  /** Label of the key that signs them, made as that one. Without it <cloud>-<store>-hmac. */
  readonly hmacLabel?: string;
}

/** A core Secret of this namespace with the PIN of the token's user. It is mounted into Barbican's pods, and a changed one is read there. */
export interface CloudKeyManagerStorePkcs11PinSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** Where the tokens of stores without a library are. Without it a volume of its own, of 64Mi. */
export interface CloudKeyManagerSoftHSM {
  /** Size of a volume of its own; it stays when the Cloud goes, unless onDelete is Delete. */
  readonly storage?: string;
  readonly persistentVolumeClaim?: CloudKeyManagerSoftHSMPersistentVolumeClaim;
}

/** A claim that exists. Pods on several nodes need one that can be mounted by all (ReadWriteMany). */
export interface CloudKeyManagerSoftHSMPersistentVolumeClaim {
  /** Its name. */
  readonly claimName: string;
}

/** What the libraries of PKCS11 stores need in Barbican's pods. */
export interface CloudKeyManagerHsmClient {
  /** An image with the vendor's library for Debian 12, mounted read-only (Kubernetes' image volumes). */
  readonly image?: string;
  readonly persistentVolumeClaim?: CloudKeyManagerHsmClientPersistentVolumeClaim;
  /** Where it is mounted, below /opt or /usr/local. */
  readonly mountPath: string;
  readonly configurationSecretRef?: CloudKeyManagerHsmClientConfigurationSecretRef;
  /** What tells the library where its files are: ChrystokiConfigurationPath, CS_PKCS11_R3_CFG. No secret. */
  readonly environment?: readonly CloudKeyManagerHsmClientEnvironment[];
  /** Where the HSM is in the network; Barbican's pods, and Jobs that set the Cloud up, may reach nothing else of it. Of stores with a library. */
  readonly addresses?: readonly CloudKeyManagerHsmClientAddress[];
}

/** A claim that exists with the vendor's library for Debian 12, mounted read-only. */
export interface CloudKeyManagerHsmClientPersistentVolumeClaim {
  /** Its name. */
  readonly claimName: string;
}

/** A core Secret of this namespace whose keys are files of /etc/hsm-client: the library's configuration and certificates. */
export interface CloudKeyManagerHsmClientConfigurationSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
}

/** One variable. */
export interface CloudKeyManagerHsmClientEnvironment {
  /** Its name. */
  readonly name: string;
  /** Its value. */
  readonly value: string;
}

/** One network. */
export interface CloudKeyManagerHsmClientAddress {
  /** Addresses: 192.0.2.10/32. */
  readonly cidr: string;
  /** TCP port. */
  readonly port: number;
}

/** The key-encryption keys of SimpleCrypto stores. After each rotation the projects' keys are encrypted anew; keys that are no longer used are kept. */
export interface CloudKeyManagerKek {
  /** The time from one rotation to the next. */
  readonly rotateEvery: string;
  /** Each new value rotates once, as soon as that locks nobody out. */
  readonly rotationRequestedAt?: string;
}

/** A Barbican that exists and asks that Keystone. */
export interface CloudKeyManagerExternal {
  /** Where it is, without a version: https://barbican.example.org. */
  readonly url: string;
  readonly caSecretRef?: CloudKeyManagerExternalCaSecretRef;
}

/** A core Secret of this namespace with the certificate authority of the URL. Without it, the system's authorities. */
export interface CloudKeyManagerExternalCaSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** The edge, by which people's clients reach Keystone and Barbican from outside of the cluster: a Gateway that speaks HTTPS. Without it the services are reached in the cluster alone. */
export interface CloudGateway {
  /**
   * Names by which it is reached, at port 443. The first is that of the catalog's public endpoints.
   *
   * Items: A DNS name, without a wildcard.
   */
  readonly hostnames: readonly string[];
  readonly certificateSecretRef: CloudGatewayCertificateSecretRef;
  /** The GatewayClass. One of another controller reaches the services in clear text. */
  readonly className: string;
  readonly limits: CloudGatewayLimits;
}

/** A core Secret of this namespace with the certificate of all the names, and its key. */
export interface CloudGatewayCertificateSecretRef {
  /** Name of the core Secret, of type kubernetes.io/tls. */
  readonly name: string;
}

/** How many requests pass in a minute, and as many at once after a rest: more are answered with 429. Each proxy counts for itself, for each host name. Only proxies of ours do; users and projects are told apart by tokens of the format jws. */
export interface CloudGatewayLimits {
  /** Logins from one address: each costs Keystone some 300 ms of a processor. */
  readonly loginsPerAddress: number;
  /** Requests with tokens of one user. */
  readonly requestsPerUser: number;
  /** Requests with tokens for one project of OpenStack. */
  readonly requestsPerProject: number;
}

/** What holds for the Images of all Projects. */
export interface CloudImages {
  /**
   * Where Images may be imported from: beginnings of addresses, https://images.example.org/debian/, docker://registry.example.org/, https://*.example.org/. Without it, any address of the internet and none of private networks.
   *
   * Items: Scheme, host (or *. and a domain), port and path that an address must begin with.
   */
  readonly sources?: readonly string[];
}

/** The PostgreSQL of services that are deployed. Without it a bundled one with one instance. */
export interface CloudDatabase {
  readonly bundled?: CloudDatabaseBundled;
  readonly external?: CloudDatabaseExternal;
}

/** One that is deployed with the services. */
export interface CloudDatabaseBundled {
  /** 1: for trials. 3: with synchronous replication and automatic failover. */
  readonly instances: 1 | 3;
  /** Size of each instance's volume, as a quantity. */
  readonly storage: string;
}

/** One that exists. */
export interface CloudDatabaseExternal {
  /** Name or address of the server. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  readonly adminSecretRef: CloudDatabaseExternalAdminSecretRef;
  readonly caSecretRef?: CloudDatabaseExternalCaSecretRef;
}

/** A core Secret of this namespace with the keys username and password of a role that may create roles and databases. */
export interface CloudDatabaseExternalAdminSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
}

/** A core Secret of this namespace with the certificate authority of the server. With it the server must show a certificate for its host; without it the connection is not encrypted for certain. */
export interface CloudDatabaseExternalCaSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** The memcached of services that are deployed. Without it a bundled one. */
export interface CloudCache {
  /** One that is deployed with the services. */
  readonly bundled?: Readonly<Record<string, never>>;
  readonly external?: CloudCacheExternal;
}

/** Servers that exist. */
export interface CloudCacheExternal {
  /**
   * Their addresses.
   *
   * Items: host:port.
   */
  readonly servers: readonly string[];
}

/** The logins of Keystone and Barbican to their databases, and of Barbican to Keystone. Another login takes the place of each; the former is good until no pod uses it. The passwords of the operator and the administrator in Keystone, which are changed. */
export interface CloudPasswords {
  /** The time from one rotation to the next. */
  readonly rotateEvery: string;
  /** Each new value rotates once, as soon as that locks nobody out. */
  readonly rotationRequestedAt?: string;
}

/** Backups of both databases and of the keys that their data is of, encrypted. Without it there are none. */
export interface CloudBackup {
  /** The time from one backup to the next. */
  readonly every: string;
  /** Each new value asks for one backup now. */
  readonly requestedAt?: string;
  /** How many backups stay. Older ones go once a new one is whole, never sooner. */
  readonly keep: number;
  /**
   * Who can open the backups: public keys as age-keygen makes them, two or more, so that one lost private key is not the loss of all. The private keys belong elsewhere than in this cluster.
   *
   * Items: An X25519 recipient of age.
   */
  readonly recipients: readonly string[];
  readonly drill?: CloudBackupDrill;
  readonly target: CloudBackupTarget;
}

/** A restore of the last backup into a pod of its own, which looks whether the keys fit the data, and keeps nothing. */
export interface CloudBackupDrill {
  /** Each new value asks for one drill. */
  readonly requestedAt: string;
  readonly identitySecretRef: CloudBackupDrillIdentitySecretRef;
}

/** A core Secret of this namespace with the private key of one of the recipients. Delete it when the drill is done. */
export interface CloudBackupDrillIdentitySecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** Where the backups are. */
export interface CloudBackupTarget {
  readonly s3?: CloudBackupTargetS3;
  readonly persistentVolumeClaim?: CloudBackupTargetPersistentVolumeClaim;
  /** The size of a claim <cloud>-backups that is made where there is none, of the default StorageClass. It outlives the Cloud, whatever onDelete says. */
  readonly storage?: string;
}

/** A bucket of a server that speaks S3. */
export interface CloudBackupTargetS3 {
  /** The server's address: https://s3.example.org. */
  readonly endpoint: string;
  /** The bucket, which exists. */
  readonly bucket: string;
  /** What all names in the bucket begin with. After it follow the Cloud's name and the backup's. */
  readonly prefix?: string;
  /** The region that requests are signed for. */
  readonly region: string;
  readonly credentialsSecretRef: CloudBackupTargetS3CredentialsSecretRef;
  readonly caSecretRef?: CloudBackupTargetS3CaSecretRef;
}

/** A core Secret of this namespace with accessKeyId and secretAccessKey. */
export interface CloudBackupTargetS3CredentialsSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
}

/** A core Secret of this namespace with the authority of the server's certificate. Without it the image's authorities are trusted. */
export interface CloudBackupTargetS3CaSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** A claim of this namespace that exists. */
export interface CloudBackupTargetPersistentVolumeClaim {
  /** Its name. */
  readonly claimName: string;
}

/** A backup that a new Cloud begins with, of a Cloud of the same name. Honoured once, before there is any data of this Cloud. */
export interface CloudRestore {
  readonly from: CloudRestoreFrom;
  readonly identitySecretRef: CloudRestoreIdentitySecretRef;
}

/** The backup. */
export interface CloudRestoreFrom {
  readonly s3?: CloudRestoreFromS3;
  readonly persistentVolumeClaim?: CloudRestoreFromPersistentVolumeClaim;
  /** Its name, which is when it was begun: 20261126T073000Z. */
  readonly name: string;
}

/** A bucket of a server that speaks S3. */
export interface CloudRestoreFromS3 {
  /** The server's address: https://s3.example.org. */
  readonly endpoint: string;
  /** The bucket, which exists. */
  readonly bucket: string;
  /** What all names in the bucket begin with. After it follow the Cloud's name and the backup's. */
  readonly prefix?: string;
  /** The region that requests are signed for. */
  readonly region: string;
  readonly credentialsSecretRef: CloudRestoreFromS3CredentialsSecretRef;
  readonly caSecretRef?: CloudRestoreFromS3CaSecretRef;
}

/** A core Secret of this namespace with accessKeyId and secretAccessKey. */
export interface CloudRestoreFromS3CredentialsSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
}

/** A core Secret of this namespace with the authority of the server's certificate. Without it the image's authorities are trusted. */
export interface CloudRestoreFromS3CaSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** A claim of this namespace with its volume. */
export interface CloudRestoreFromPersistentVolumeClaim {
  /** Its name. */
  readonly claimName: string;
}

/** A core Secret of this namespace with the private key of one of the backup's recipients. Delete it when the restore is done. */
export interface CloudRestoreIdentitySecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}
/** What is there. */
export interface CloudStatus {
  /** The generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** What is so and what is not. Ready says whether all is as the spec wants it. */
  readonly conditions?: readonly Condition[];
  readonly endpoints?: CloudStatusEndpoints;
  readonly release?: CloudStatusRelease;
  /** Every key that we hold, without its value. */
  readonly keys?: readonly CloudStatusKey[];
  readonly backup?: CloudStatusBackup;
  readonly restore?: CloudStatusRestore;
}

/** Where the services were seen to answer. */
export interface CloudStatusEndpoints {
  /** Keystone for people, with the version: the catalog's public address. */
  readonly identity?: string;
  /** Barbican for people: the catalog's public address. */
  readonly keyManager?: string;
  readonly internal?: CloudStatusEndpointsInternal;
}

/** The same for what runs inside, the catalog's internal addresses. */
export interface CloudStatusEndpointsInternal {
  /** Keystone, with the version. */
  readonly identity?: string;
  /** Barbican. */
  readonly keyManager?: string;
}

/** Which release is there, where the services are deployed. */
export interface CloudStatusRelease {
  /** The release that runs. */
  readonly deployed?: string;
  /** The release that is wanted. */
  readonly target?: string;
  /** What is being done about it. */
  readonly phase?: "Deploying" | "Settled" | "Expanding" | "Rolling" | "Soaking" | "Contracting" | "RollingBack";
  /** The release that spec.release may be set back to; absent where there is no way back. */
  readonly rollbackTo?: string;
}

/** One kind of key. */
export interface CloudStatusKey {
  /** What it is for: fernet, kek, pkcs11-<store>. */
  readonly name: string;
  /** The core Secret that holds it. */
  readonly secret?: string;
  /** How many are in use. */
  readonly active?: number;
  /** When the one that is used for new work was made so. */
  readonly rotatedAt?: string;
  /** When the next takes its place; absent where nothing rotates it. */
  readonly nextRotation?: string;
  /** Software: a core Secret of this cluster. Token: a PKCS#11 token, which it does not leave. */
  readonly custody?: "Software" | "Token";
}

/** The backups that spec.backup asks for. */
export interface CloudStatusBackup {
  readonly last?: CloudStatusBackupLast;
  /** How many there are. */
  readonly kept?: number;
  /** When the next one is begun. */
  readonly next?: string;
  /** The last requestedAt that was answered by a backup. */
  readonly answeredRequest?: string;
  readonly lastDrill?: CloudStatusBackupLastDrill;
}

/** The last one that is whole. */
export interface CloudStatusBackupLast {
  /** Its name. */
  readonly name: string;
  /** When it was whole. */
  readonly completedAt?: string;
  /** How large it is, encrypted. */
  readonly bytes?: number;
  /** The release before whose upgrade it was made; absent where it was made by schedule or request alone. */
  readonly before?: string;
}

/** The last drill that went well. */
export interface CloudStatusBackupLastDrill {
  /** The backup that was restored. */
  readonly name: string;
  /** The request that it answered. */
  readonly requestedAt: string;
  /** When it was done. */
  readonly completedAt?: string;
  /** How many projects of Keystone came back. */
  readonly projects?: number;
  /** How many secrets of Barbican came back. */
  readonly secrets?: number;
}

/** The backup that this Cloud began with. */
export interface CloudStatusRestore {
  /** Its name. */
  readonly name: string;
  /** When all of it was back; absent before. */
  readonly completedAt?: string;
}
