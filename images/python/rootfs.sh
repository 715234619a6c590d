#!/bin/sh
# rootfs.sh FOLDER: a root file system with Debian's Python, a shell and small tools (busybox), and what wheels need.
set -eu
target=$1
here=$(dirname "$0")
sh "$here/../debian/rootfs.sh" "$target" \
  base-files netbase media-types libc6 libgcc-s1 libstdc++6 busybox \
  python3.11-minimal libpython3.11-minimal libpython3.11-stdlib \
  libbz2-1.0 libcrypt1 libexpat1 libffi8 liblzma5 libsqlite3-0 libssl3 libuuid1 zlib1g

cd "$target/usr"
ln -s python3.11 bin/python3
rm -rf lib/python3.11/pydoc_data lib/python3.11/lib2to3 lib/python3.11/idlelib lib/x86_64-linux-gnu/gconv
# What needs libraries that are left out: terminals, NIS, Berkeley DB.
(cd lib/python3.11/lib-dynload && rm -f _curses*.so readline*.so nis*.so _dbm*.so)
# Nothing writes below a read-only root: the byte code is there, and is not compared with its source at each start.
python3.11 -m compileall -q -j 0 -s "$target" --invalidation-mode unchecked-hash lib/python3.11
chroot "$target" /bin/busybox --install -s
