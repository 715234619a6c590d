#!/bin/sh
# fill.sh FOLDER CONFIGURATION: an image for each folder of FOLDER in the registry of that configuration, as KubeVirt's
# containerDisks are: the disk is in /disk and belongs to QEMU's user. Until then the registry takes what it is sent.
set -eu
folder=$1
log=/tmp/registry.log
sed -e '/readonly:/d' -e 's/^  addr:.*/  addr: 127.0.0.1:0/' "$2" >/tmp/writable.yml
docker-registry serve /tmp/writable.yml >"$log" 2>&1 &
registry=$!
left=100
until port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$log") && [ -n "$port" ]; do
  left=$((left - 1))
  [ $left -gt 0 ] && kill -0 $registry || { cat "$log"; exit 1; }
  sleep 0.1
done
for path in "$folder"/*; do
  tar --create --file /tmp/layer.tar --owner 107 --group 107 --directory "$path" disk
  skopeo --insecure-policy copy --quiet --dest-tls-verify=false tarball:/tmp/layer.tar \
    "docker://127.0.0.1:$port/disks/$(basename "$path"):latest"
  rm /tmp/layer.tar
done
kill $registry
