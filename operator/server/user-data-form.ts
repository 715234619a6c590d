import { type ErrorCode, isMap, LineCounter, parseDocument } from "yaml";

/** How data begins that cloud-init does something with (cloudinit.handlers, `INCLUSION_TYPES_MAP`), whatever stands before it of blanks. */
const BEGINNINGS = [
  "#cloud-config",
  "#!",
  "#include",
  "#cloud-boothook",
  "#part-handler",
  "## template: jinja",
] as const;
/** What Python takes for blanks, which a byte order mark is not. */
const BLANKS = /^[^\S\uFEFF]+/;
/**
 * What is no YAML for PyYAML either. It is more lenient in how far quotes and flows are indented, so that other errors may be none
 * to it.
 */
const SHARED: ReadonlySet<ErrorCode> = new Set([
  "TAB_AS_INDENT",
  "BLOCK_AS_IMPLICIT_KEY",
  "MULTIPLE_DOCS",
  "BAD_ALIAS",
  "BAD_DQ_ESCAPE",
  "BAD_SCALAR_START",
]);
/** Of larger data the YAML is not read: it would hold up everything else. */
const READ_UP_TO = 256 * 2 ** 10;

/**
 * What is wrong with user data that is not a MIME message, where cloud-init in the guest would pass over it or fail. Of the data
 * itself nothing is told but a line and a column: it may hold passwords. Undefined: nothing that can be seen from here.
 */
export function formProblem(data: Buffer): string | undefined {
  const text = data.toString("utf8").replace(BLANKS, "");
  const begins = (how: string): boolean => text.slice(0, how.length).toLowerCase() === how;
  if (!BEGINNINGS.some(begins))
    return `it begins with none of ${BEGINNINGS.join(", ")}, so cloud-init would pass over it`;
  // Archives and JSON patches begin so, too.
  if (!begins("#cloud-config") || begins("#cloud-config-") || data.length > READ_UP_TO) return undefined;
  return configProblem(data.toString("utf8"));
}

/** Read as PyYAML does: YAML 1.1, where the last of two equal keys counts. */
function configProblem(text: string): string | undefined {
  const lines = new LineCounter();
  const options = { version: "1.1", strict: false, uniqueKeys: false, prettyErrors: false } as const;
  const { contents, errors } = parseDocument(text, { ...options, lineCounter: lines });
  // What comes after the first error may be of its making.
  const [error] = errors;
  if (error !== undefined) {
    if (!SHARED.has(error.code)) return undefined;
    const { line, col } = lines.linePos(error.pos[0]);
    return `its cloud-config is no YAML at line ${line}, column ${col} (${error.code})`;
  }
  if (contents !== null && !isMap(contents)) return "its cloud-config is no mapping of keys to values";
  return undefined;
}
