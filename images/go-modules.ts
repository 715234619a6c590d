/** A Go module that a program was built of. */
export interface GoModule {
  readonly path: string;
  /** As go.mod has it, `v1.2.3`; `(devel)` for the one that was built. */
  readonly version: string;
}

/** What stands before the build information that the linker puts into each program (debug/buildinfo of Go). */
const MAGIC = Buffer.from("\xff Go buildinf:", "latin1");
const HEADER_BYTES = 32;
const FLAGS_AT = 15;
/** The strings follow the header, as Go 1.18 and later write them, and are not pointed at. */
const INLINE = 0x2;
/** Marks of 16 bytes before and after the list of modules. */
const SENTINEL_BYTES = 16;

/** The Go modules that a program says it was built of, with replacements in the place of what they replace; none for what is no program of Go's. */
export function goModulesOf(program: Buffer): readonly GoModule[] {
  const at = program.indexOf(MAGIC);
  if (at === -1 || ((program[at + FLAGS_AT] ?? 0) & INLINE) === 0) return [];
  const version = readString(program, at + HEADER_BYTES);
  const framed = readString(program, version.end).bytes;
  const lines = framed.subarray(SENTINEL_BYTES, -SENTINEL_BYTES).toString("utf8").split("\n");
  const modules: GoModule[] = [];
  for (const line of lines) {
    const [kind, path = "", version = ""] = line.split("\t");
    if (kind === "=>") modules.pop();
    // A replacement by a folder of the checkout has no version of its own.
    if ((kind === "dep" || kind === "=>") && version !== "") modules.push({ path, version });
  }
  return modules;
}

/** A string after its length, which is a varint of seven bits a byte. */
function readString(bytes: Buffer, start: number): { readonly bytes: Buffer; readonly end: number } {
  let [length, shift, at] = [0, 0, start];
  for (;;) {
    const byte = bytes[at] ?? 0;
    at += 1;
    length += (byte & 0x7f) * 2 ** shift;
    shift += 7;
    if (byte < 0x80) break;
  }
  return { bytes: bytes.subarray(at, at + length), end: at + length };
}
