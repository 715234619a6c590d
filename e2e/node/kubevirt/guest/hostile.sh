#!/bin/sh
# Images that want what is not theirs, or more than there is. For imports that must fail, and a control: hostile.sh FOLDER
set -eu
cd "$1"

# More than any volume: as a disk, and as a stream that is packed a thousandfold.
qemu-img create -q -f qcow2 hostile-size.qcow2 8T
head -c 1073741824 /dev/zero | gzip -9 > hostile-bomb.gz
# A table of two thousand million entries: its header's bytes 36 to 39.
qemu-img create -q -f qcow2 hostile-table.qcow2 1M
printf '\177\377\377\377' | dd of=hostile-table.qcow2 bs=1 seek=36 conv=notrunc status=none
# Somebody else's bytes, by what a disk may be made of: a file beneath it, an address, or a file beside it.
backed() {
  qemu-img create -q -f qcow2 -u -F raw -b "$2" "$1" 1M
}
backed hostile-backing-missing.qcow2 /nowhere/disk
# What an importer would have of its own: the token of its account, and its environment.
backed hostile-backing-token.qcow2 /var/run/secrets/kubernetes.io/serviceaccount/token
backed hostile-backing-environ.qcow2 /proc/self/environ
backed hostile-backing-url.qcow2 'json:{"driver":"raw","file":{"driver":"nbd","host":"10.0.0.1","port":"10809"}}'
# qemu-img makes the file that is to be beside: so another is named first, of a name as long.
beside() {
  other=/tmp/$(printf '%s' "$2" | cut -c6- | tr -c '\n' a)
  qemu-img create -q -f qcow2 -o "data_file=$other,data_file_raw=on" "$1" 1M
  LC_ALL=C sed -i "s#$other#$2#" "$1"
  rm "$other"
}
beside hostile-data-file.qcow2 /tmp/beside
beside hostile-data-token.qcow2 /var/run/secrets/kubernetes.io/serviceaccount/token
# The same by a VMDK: a header of capacity 0 that leads to a description, and there a part that is any file, or an address.
made_of() {
  {
    printf 'KDMV\001\0\0\0\001\0\0\0'
    head -c 16 /dev/zero
    printf '\001\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0'
    head -c 468 /dev/zero
    printf '# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\n'
    printf 'RW 2 FLAT "%s" 0\n' "$2"
  } > "$1"
  truncate -s 1024 "$1"
}
made_of hostile-extent-token.vmdk /var/run/secrets/kubernetes.io/serviceaccount/token
# Where this very folder is served: something would answer.
made_of hostile-extent-url.vmdk http://guest-images.guest-images.svc/part-of-a-vmdk
# What the importer's environment would look like on a disk, for who looks whether it is there.
printf 'PATH=/usr/bin\0IMPORTER_SOURCE=http\0' > environment
qemu-img convert -f raw -O qcow2 environment control-environment.qcow2
rm environment
