#!/bin/sh
# Makes the namespaces of the node and everything in them that the kernel has to be told, and becomes their first process.
# All that lives in them ends with it. What it needs comes by the environment; sandbox.ts says it.
#
#   NODE_NAME      host name                       NODE_ADDRESS  address and prefix length of the node's bridge
#   NODE_SERVICES  the addresses of Services
#   NODE_CGROUPS   folders of the node's cgroups   NODE_HIERARCHIES  `folder|type|options` of each mount of cgroups
#   NODE_ROOT      an empty folder, where the root is put together
#   NODE_WRITABLE  folders that are seen and may be written; NODE_READABLE: seen only; one a line, at the same path
#   NODE_KUBELET   what is seen as /var/lib/kubelet: a fixed path where device plug-ins look for their folder
#   NODE_INIT      what to become                  NODE_READY    a file that is made at the end
set -eu

if [ "${1-}" != inside ]; then
  for folder in $NODE_CGROUPS; do echo $$ >"$folder/cgroup.procs"; done
  exec unshare --cgroup --mount --net --uts --ipc --pid --fork --kill-child --propagation private /bin/sh "$0" inside
fi

hostname "$NODE_NAME"

# A root of its own: of the host it sees what programs need, and may write only what is named. Its own mounts, devices,
# /run and /var are gone with it.
mount -t tmpfs -o mode=755 node "$NODE_ROOT"
cd "$NODE_ROOT"
see() {
  mkdir -p ".$1"
  mount --bind "$1" ".$1"
}
see_only() {
  mkdir -p ".$1"
  mount --rbind "$1" ".$1"
  mount -o remount,bind,ro ".$1"
}
mkdir -m 1777 tmp
mkdir -p proc sys dev run/lock run/netns root opt var/lib/kubelet var/log host
ln -s ../run var/run
ln -s ../tmp var/tmp
for path in /bin /sbin /lib /lib32 /lib64 /libx32 /usr /etc; do
  if [ -L "$path" ]; then
    cp -P "$path" ".$path"
  elif [ -d "$path" ]; then
    see_only "$path"
  fi
done
lines() { printf '%s\n' "$1" | grep . || true; }
lines "$NODE_WRITABLE" | while read -r path; do see "$path"; done
lines "$NODE_READABLE" | while read -r path; do see_only "$path"; done
mount --bind "$NODE_KUBELET" var/lib/kubelet

mount -t proc proc proc
mount -t sysfs sysfs sys
if [ "$(lines "$NODE_HIERARCHIES" | cut -d'|' -f1)" != /sys/fs/cgroup ]; then
  mount -t tmpfs -o mode=755 cgroups sys/fs/cgroup
fi
lines "$NODE_HIERARCHIES" | while IFS='|' read -r folder type options; do
  mkdir -p ".$folder"
  mount -t "$type" ${options:+-o "$options"} cgroup ".$folder"
done

# /dev/kvm is left out: virtual machines are emulated, on every host alike. So are disks and loop devices, which would
# outlive the node.
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty fuse kmsg net/tun vhost-net; do
  [ -e "/dev/$device" ] || continue
  mkdir -p "$(dirname "dev/$device")"
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t mqueue mqueue dev/mqueue
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "dev/${number#*:}"; done

pivot_root . host
cd /
umount -l /host
rmdir /host
# Volumes that kubelet mounts are seen by containerd, and the other way round.
mount --make-rshared /

# No way out: a bridge that has the node's address, so that pods find the API server and kubelet.
ip link set lo up
ip link add node type bridge
ip address add "$NODE_ADDRESS" dev node
ip link set node up
# Services have addresses that no interface has; the first routing of a connection wants a way to them all the same.
ip route add "$NODE_SERVICES" dev node
# Everything else fails at once instead of waiting for an answer.
ip route add unreachable default
echo 1 >/proc/sys/net/ipv4/ip_forward

touch "$NODE_READY"
exec "$NODE_INIT"
