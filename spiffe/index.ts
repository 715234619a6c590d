export { type Authorize, exactly, memberOf, oneOf } from "./authorize.ts";
export type { JwtBundles } from "./jwt/bundle.ts";
export { InvalidJwtSvid, type JwtSvid, validateJwtSvid } from "./jwt/validate.ts";
export { JwtSource, type JwtSourceOptions, type OwnJwtSvid } from "./jwt-source.ts";
export {
  type SpiffeId,
  spiffeId,
  spiffeIdProblem,
  type TrustDomain,
  trustDomain,
  trustDomainId,
  trustDomainOf,
} from "./spiffe-id.ts";
export { clientTls, connectTls, type Target } from "./tls/client.ts";
export { connectionsTo, SvidChannelCredentials } from "./tls/grpc.ts";
export { type Identity, identityProblem } from "./tls/identity.ts";
export { UnauthorizedPeer } from "./tls/peer.ts";
export { createTlsServer, type Refused, type ServerOptions } from "./tls/server.ts";
export type { X509Bundles } from "./x509/bundle.ts";
export { expiryOf, type X509Svid } from "./x509/svid.ts";
export { UntrustedSvid, verifySvid } from "./x509/verify.ts";
export { X509Source, type X509SourceOptions } from "./x509-source.ts";
