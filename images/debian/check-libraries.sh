#!/bin/sh
# check-libraries.sh FOLDER…: fails if a program or library below these folders needs a library that is not there. Run
# inside the root file system that is meant: its own loader is asked.
set -eu
loader=$(ls /lib*/ld-linux-*.so.* | head -1)
missing=$(find "$@" -type f \( -name "*.so*" -o -perm -100 \) | while read -r file; do
  # A file that the loader cannot handle is neither a program nor a library, or is linked statically.
  "$loader" --verify "$file" >/dev/null 2>&1 || [ $? = 2 ] || continue
  "$loader" --list "$file" 2>&1 >/dev/null || true
done)
[ -z "$missing" ] || { echo "$missing"; exit 1; }
