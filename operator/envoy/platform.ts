/** What the operator is told about the mesh: who configures the Envoys that it deploys, and where they are given who they are. */
export interface MeshPlatform {
  readonly trustDomain: string;
  /** The xDS control plane, and the namespace of its pods, which is part of who it is. */
  readonly xds: { readonly host: string; readonly port: number; readonly namespace: string };
  /** The folder of the SPIRE agent's socket on each node. */
  readonly agentFolder: string;
}
