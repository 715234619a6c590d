/** The kinds that Servers and Images are made of, and whose they are. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  KubeVirt: [
    "virtualmachines.kubevirt.io",
    "virtualmachineinstances.kubevirt.io",
    "virtualmachineclusterinstancetypes.instancetype.kubevirt.io",
  ],
  CDI: ["datavolumes.cdi.kubevirt.io", "datasources.cdi.kubevirt.io"],
};

export function isNeeded(crdName: string): boolean {
  return Object.values(NEEDED).some((names) => names.includes(crdName));
}

/**
 * What of KubeVirt and CDI the cluster does not serve, in words for a person; undefined where nothing is missing.
 * @param served whether the cluster has the CustomResourceDefinition of this name
 */
export function missingHypervisor(served: (crdName: string) => boolean): string | undefined {
  const missing = Object.entries(NEEDED).flatMap(([product, names]) => {
    const absent = names.filter((name) => !served(name));
    if (absent.length === 0) return [];
    return [
      absent.length === names.length ? `${product} is not installed` : `${product} does not serve ${absent.join(", ")}`,
    ];
  });
  return missing.length === 0 ? undefined : missing.join("; ");
}
