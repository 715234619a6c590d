#!/bin/sh
# rootfs.sh FOLDER PACKAGE…: unpacks these Debian packages, and nothing that they depend on, into a root file system.
#
# No script of a package runs. Each package's control file is kept in /var/lib/dpkg/status.d, where scanners look for
# packages of images without dpkg, and its copyright in /usr/share/doc.
set -eu
target=$1
shift

# The folders that Debian merged into /usr are links before anything is unpacked.
mkdir -p "$target/usr/bin" "$target/usr/sbin" "$target/usr/lib" "$target/usr/lib64" "$target/var/lib/dpkg/status.d"
for name in bin sbin lib lib64; do
  [ -e "$target/$name" ] || ln -s "usr/$name" "$target/$name"
done

debs=$(mktemp -d)
# apt's sandbox user may not write into a folder of root; the download itself is checked by apt's signatures.
(cd "$debs" && apt-get -qq -o APT::Sandbox::User=root download "$@")
for deb in "$debs"/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$target" --keep-directory-symlink
  dpkg-deb --field "$deb" > "$target/var/lib/dpkg/status.d/$(dpkg-deb --field "$deb" Package)"
done
rm -r "$debs"

cd "$target"
find usr/share/doc -type f ! -name copyright -delete
find usr/share/doc -xtype l -delete
find usr/share/doc -mindepth 1 -depth -type d -empty -delete
rm -rf usr/share/man usr/share/info usr/share/locale usr/share/lintian usr/share/bug usr/share/bash-completion
# Users: root for the kernel's sake, nobody; an image adds the one that it runs as.
printf 'root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' > etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' > etc/group
mkdir -p tmp run
chmod 1777 tmp
