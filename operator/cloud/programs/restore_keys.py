"""Puts the keys of a backup into custody: creates the core Secrets that it holds, and no others.

First the whole backup is looked at, so that nothing is begun that cannot be ended. What is there already is of an earlier
try: an account that may only create cannot change it.
"""

import ssl
import urllib.error
import urllib.request

OURS = "nephele.dev/"
MANAGED_BY = "app.kubernetes.io/managed-by"

def api_server():
    """Its address as each pod is told it, and what knows its certificate and who we are."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    with open(os.path.join(plan["account"], "token"), encoding="utf-8") as file:
        token = file.read().strip()
    trusted = ssl.create_default_context(cafile=os.path.join(plan["account"], "ca.crt"))
    return f"https://{f'[{host}]' if ':' in host else host}:{port}", token, trusted


def create(item):
    url, token, trusted = api_server()
    request = urllib.request.Request(
        f"{url}/api/v1/namespaces/{plan['namespace']}/secrets",
        data=json.dumps(item).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, context=trusted, timeout=30).close()
    except urllib.error.HTTPError as problem:
        if problem.code != 409:
            # The answer may quote what was sent: its reason is enough.
            raise Refused(f"the API server refused core Secret {item['metadata']['name']}: {problem.code}") from None


def refuse_others(items):
    for item in items:
        name, labels = item["metadata"]["name"], item["metadata"]["labels"]
        if name not in plan["secretNames"] or labels.get(f"{OURS}cloud") != plan["cloud"] or item["kind"] != "Secret":
            raise Refused(f"the backup holds {item['kind']} {name}, which is no key of this Cloud")


def secret_of(item, notes):
    """The core Secret to be made: of what the backup says only the values, our labels and our notes. Whoever can write to the
    volume can put anything there."""
    metadata = item["metadata"]
    labels = {key: value for key, value in metadata["labels"].items() if key.startswith(OURS) or key == MANAGED_BY}
    annotations = {key: value for key, value in metadata["annotations"].items() if key.startswith(OURS)}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": metadata["name"], "labels": labels, "annotations": {**annotations, **notes}},
        "type": "Opaque",
        "data": item["data"],
    }


def restore_keys():
    manifest = read_manifest()
    if manifest["installation"] != plan["installation"]:
        raise Refused(
            f"the backup is of installation {manifest['installation']} and this one is {plan['installation']}: by it what "
            f"tenants have is found again, so the operator must run with --installation-id={manifest['installation']}"
        )
    release = manifest["release"]
    notes = {
        "nephele.dev/restored-from": plan["name"],
        "nephele.dev/schema-oldest": release["oldest"],
        "nephele.dev/schema-newest": release["newest"],
    }
    items = keys_of(manifest)
    refuse_others(items)
    for item in items:
        create(secret_of(item, notes))
    return {"name": plan["name"], "keys": len(items)}


run(restore_keys)
