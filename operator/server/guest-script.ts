/** The volume label by which the guest finds the disk with its files; ISO 9660 allows 32 characters. */
export const FILES_LABEL = "nephele-files";
/** The list in it: a line `<key> <mode> <path>` for each file. */
export const MANIFEST_KEY = "manifest";

const HEAD = `#!/bin/sh
# Written by Nephele; runs at each boot, before anything else that cloud-init does.
umask 077
say() { echo "nephele: $*" >&2; }
run=/run/nephele
mkdir -p "$run" && chmod 0755 "$run"
`;

/** Takes away links of ours that are wanted no more; the list of those that are stands in `$run/links`. */
const LINKS = `
mem=$run/files kept=/var/lib/nephele/links
unlink_others() {
  if [ -f "$kept" ]; then
    while read -r old; do
      grep -qxF "$old" "$run/links" && continue
      case $(readlink "$old") in "$mem"/*) rm -f "$old" ;; esac
    done <"$kept"
  fi
  mkdir -p "\${kept%/*}" && cp "$run/links" "$kept"
}
`;

/** A guest that has no file any more, and had some. */
const NO_FILES = `
: >"$run/links"
unlink_others
`;

/**
 * Copies the files from their own disk into memory that is never swapped out, and puts a link where each is wanted:
 * the root disk, its snapshots and its clones hold the link alone. ramfs is in every Linux; tmpfs would be swapped out.
 */
const FILES = `
files() {
  disk=$run/disk
  mkdir -p "$mem" "$disk"
  opts=mode=0711,nosuid,nodev,noexec
  grep -q " $mem " /proc/mounts || mount -t ramfs -o $opts nephele "$mem" ||
    { say "no memory for files"; return 1; }
  left=20
  until dev=$(blkid -L ${FILES_LABEL}); do
    left=$((left - 1)); [ $left -gt 0 ] || { say "the disk with files was not found"; return 1; }
    sleep 0.5
  done
  mount -t iso9660 -o ro,nosuid,nodev,noexec "$dev" "$disk" || { say "the disk with files cannot be read"; return 1; }
  : >"$run/links"
  while read -r key mode path; do
    cp "$disk/$key" "$mem/$key" && chmod "$mode" "$mem/$key" || { say "no $path"; continue; }
    (umask 022; mkdir -p "\${path%/*}/")
    if [ -d "$path" ] && [ ! -L "$path" ]; then say "$path is a directory"; continue; fi
    ln -sfn "$mem/$key" "$path" && echo "$path" >>"$run/links"
  done <"$disk/${MANIFEST_KEY}"
  umount "$disk"
  unlink_others
}
files
`;

/** Part of every boot's script for a Server; undefined where there is nothing to do. */
export function guestScript(options: {
  readonly files: boolean;
  /** Whether the root disk may hold links to files of before. */
  readonly links: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}): string | undefined {
  const named = Object.keys(options.metadata).length > 0;
  const files = options.files ? LINKS + FILES : options.links ? LINKS + NO_FILES : "";
  if (files === "" && !named) return undefined;
  return [HEAD, named ? metadataScript(options.metadata) : "", files].join("");
}

/** Names and values as one line of JSON in plain ASCII, which no shell reads as anything else. */
function metadataScript(metadata: Readonly<Record<string, string>>): string {
  const sorted = Object.fromEntries(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const json = JSON.stringify(sorted).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `cat >"$run/metadata.json" <<'NEPHELE-METADATA'\n${json}\nNEPHELE-METADATA\nchmod 0644 "$run/metadata.json"\n`;
}
