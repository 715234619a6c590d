#!/bin/sh
# disk.sh FOLDER OUT: a disk of one FAT file system with a boot loader, a kernel and an initial root. FOLDER has init,
# dhcp.sh, power.sh, and the kernel's package unpacked in kernel/. Nothing is mounted.
set -eu
folder=$1
out=$2
root=$folder/root
kernel=$(basename "$folder"/kernel/lib/modules/*)

mkdir -p "$root/bin" "$root/sbin" "$root/usr" "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/etc/acpi/PWRF" \
  "$root/tmp" "$root/var/lib" "$root/root"
ln -s ../bin "$root/usr/bin"
ln -s ../sbin "$root/usr/sbin"
# With the libraries that each asks its loader for. blkid is util-linux's: busybox's knows no labels.
copy() {
  cp --parents -L "$1" "$root"
  ldd "$1" | grep -oE '/[^ ]+' | while read -r library; do cp --parents -L "$library" "$root"; done
}
copy /bin/busybox
copy "$(readlink -f "$(command -v blkid)")"
for applet in $(busybox --list | grep -vx -e busybox -e blkid); do
  [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done
cp "$folder/init" "$root/init"
cp "$folder/dhcp.sh" "$root/etc/dhcp.sh"
cp "$folder/power.sh" "$root/etc/acpi/PWRF/00000080"
chmod 755 "$root/init" "$root/etc/dhcp.sh" "$root/etc/acpi/PWRF/00000080"

# What the kernel has not built in, with what each of them needs.
depmod --basedir "$folder/kernel" "$kernel"
for module in virtio_pci virtio_blk virtio_net virtio_rng isofs vfat nls_cp437 nls_ascii nls_iso8859-1 button evdev; do
  modprobe --dirname "$folder/kernel" --set-version "$kernel" --show-depends "$module"
done > "$folder/needed"
sed -n 's/^insmod //p' "$folder/needed" | awk '!seen[$1]++ {print $1}' | while read -r file; do
  cp "$file" "$root/etc/"
  basename "$file" >> "$root/etc/modules"
done
(cd "$root" && find . | cpio --quiet --create --format=newc | gzip -9) > "$folder/initrd.gz"

raw=$folder/disk.raw
truncate -s 64M "$raw"
export MTOOLS_SKIP_CHECK=1
mformat -i "$raw" -h 64 -s 32 -t 64 -v GUEST ::
# no_timer_check: on a busy machine the kernel's look at the emulated timer comes too late, and its boot hangs for good.
cat > "$folder/syslinux.cfg" <<'CONFIGURATION'
SERIAL 0 115200
DEFAULT guest
PROMPT 0
LABEL guest
 KERNEL vmlinuz
 INITRD initrd.gz
 APPEND console=ttyS0 quiet panic=5 mitigations=off no_timer_check
CONFIGURATION
mcopy -i "$raw" "$folder/kernel/boot/vmlinuz-$kernel" ::vmlinuz
mcopy -i "$raw" "$folder/initrd.gz" ::initrd.gz
mcopy -i "$raw" "$folder/syslinux.cfg" ::syslinux.cfg
syslinux --install "$raw"
mkdir -p "$(dirname "$out")"
qemu-img convert -f raw -O qcow2 "$raw" "$out"
