#!/bin/sh
# disk.sh FOLDER ROOT OUT: a disk of two partitions: FAT with a boot loader and the kernel whose package is unpacked in
# FOLDER/kernel, and ext4 with what is below ROOT. Nothing is mounted.
set -eu
folder=$1
root=$2
out=$3
work=$folder/debian
kernel=$(basename "$folder"/kernel/lib/modules/*)

# The kernel's modules are loaded before Debian starts, so that its root needs none.
initial=$work/initial
mkdir -p "$initial/bin" "$initial/dev" "$initial/proc" "$initial/root" "$initial/etc"
busybox=$(command -v busybox)
cp "$busybox" "$initial/bin/busybox"
ldd "$busybox" | grep -oE '/[^ ]+' | while read -r library; do cp --parents -L "$library" "$initial"; done
for applet in sh mount umount insmod sleep switch_root; do ln -s busybox "$initial/bin/$applet"; done
cp "$work/init" "$initial/init"
chmod 755 "$initial/init"
for module in virtio_pci virtio_blk virtio_net virtio_rng crc32c_generic ext4 isofs button evdev; do
  modprobe --dirname "$folder/kernel" --set-version "$kernel" --show-depends "$module"
done > "$work/needed"
sed -n 's/^insmod //p' "$work/needed" | awk '!seen[$1]++ {print $1}' | while read -r file; do
  cp "$file" "$initial/etc/"
  basename "$file" >> "$initial/etc/modules"
done
(cd "$initial" && find . | cpio --quiet --create --format=newc | gzip -9) > "$work/initrd.gz"

# In sectors of 512 bytes.
boot_start=2048
boot_size=65536
root_start=$((boot_start + boot_size))
root_size=$((900 * 2048))

cat > "$work/syslinux.cfg" <<'CONFIGURATION'
SERIAL 0 115200
DEFAULT guest
PROMPT 0
LABEL guest
 KERNEL vmlinuz
 INITRD initrd.gz
 APPEND console=ttyS0 quiet panic=5 mitigations=off no_timer_check
CONFIGURATION
boot=$work/boot.raw
truncate -s $((boot_size * 512)) "$boot"
export MTOOLS_SKIP_CHECK=1
mformat -i "$boot" -h 64 -s 32 -t 32 -H $boot_start -v BOOT ::
mcopy -i "$boot" "$folder/kernel/boot/vmlinuz-$kernel" ::vmlinuz
mcopy -i "$boot" "$work/initrd.gz" ::initrd.gz
mcopy -i "$boot" "$work/syslinux.cfg" ::syslinux.cfg
syslinux --install "$boot"

raw=$work/disk.raw
truncate -s $(((root_start + root_size) * 512)) "$raw"
printf 'label: dos\nstart=%s, size=%s, type=c, bootable\nstart=%s, size=%s, type=83\n' \
  $boot_start $boot_size $root_start $root_size | sfdisk --quiet "$raw"
dd if=/usr/lib/syslinux/mbr/mbr.bin of="$raw" bs=440 count=1 conv=notrunc status=none
dd if="$boot" of="$raw" bs=1M seek=1 conv=notrunc,sparse status=none
mke2fs -q -t ext4 -L root -d "$root" -E offset=$((root_start * 512)) "$raw" $((root_size / 2))k
qemu-img convert -c -f raw -O qcow2 "$raw" "$out"
rm "$raw" "$boot"
