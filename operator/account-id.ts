/** Who the pods of a ServiceAccount are: its SPIFFE ID, by the path that Istio and SPIRE's controller manager have, too. */
export function accountId(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}
