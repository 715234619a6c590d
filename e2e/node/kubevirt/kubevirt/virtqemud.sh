#!/bin/sh
# Stands where virt-launcher looks for virtqemud: Debian 12 packages only the daemon of all drivers.
mkdir -p /var/run/libvirt
[ -e /var/run/libvirt/virtqemud-sock ] || ln -sf libvirt-sock /var/run/libvirt/virtqemud-sock
exec /usr/sbin/libvirtd "$@"
