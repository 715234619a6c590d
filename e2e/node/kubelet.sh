#!/bin/sh
# Runs kubelet with files of its own in place of the kernel tunables that it sets and that belong to the whole machine.
# In a mount namespace of kubelet alone: a mount below /proc where containerd sees it would forbid pods with
# `hostUsers: false`, since the kernel gives a new proc only to who sees one whole. Mounts elsewhere still reach both.
#
#   kubelet.sh FOLDER PROGRAM [ARGUMENT]...     FOLDER: where the files are kept
set -eu
if [ "${1-}" != inside ]; then
  exec unshare --mount --propagation unchanged /bin/sh "$0" inside "$@"
fi
shift
folder=$1
shift
mount --make-rprivate /proc
mkdir -p "$folder"
# name below /proc/sys and the value that kubelet wants to find there
while read -r name value; do
  [ -e "/proc/sys/$name" ] || continue
  file=$folder/$(basename "$name")
  echo "$value" >"$file"
  mount --bind "$file" "/proc/sys/$name"
done <<TUNABLES
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
TUNABLES
exec "$@"
