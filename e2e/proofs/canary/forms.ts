/** One way in which a value can be written, as the bytes to look for. */
export interface Form {
  /** For the report: `base64 at offset 1`. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** A shorter piece than this is found by chance in any large file. */
const SHORTEST = 12;

/**
 * All ways in which a value is looked for: as it is, escaped for JSON and URLs, in hex, and in base64 (plain and
 * URL-safe) at each of the three offsets that it can have within a longer text, once and twice over, since a core
 * Secret's data is base64 and may itself hold base64.
 * @throws TypeError for a value too short to be told from chance
 */
export function formsOf(value: string): readonly Form[] {
  const raw = Buffer.from(value, "utf8");
  if (raw.length < SHORTEST) throw new TypeError(`a canary needs ${SHORTEST} bytes or more, not ${raw.length}`);
  const once = base64Forms(raw);
  const hex = raw.toString("hex");
  const forms: Form[] = [
    { name: "raw", bytes: raw },
    { name: "JSON", bytes: Buffer.from(JSON.stringify(value).slice(1, -1)) },
    { name: "URL-encoded", bytes: Buffer.from(encodeURIComponent(value)) },
    { name: "every byte URL-encoded", bytes: Buffer.from(hex.toUpperCase().replace(/../g, "%$&")) },
    { name: "every byte url-encoded", bytes: Buffer.from(hex.replace(/../g, "%$&")) },
    { name: "hex", bytes: Buffer.from(hex) },
    { name: "HEX", bytes: Buffer.from(hex.toUpperCase()) },
    ...once,
    ...once.flatMap(({ name, bytes }) =>
      base64Forms(bytes).map((twice) => ({ name: `${twice.name} of ${name}`, bytes: twice.bytes })),
    ),
  ];
  return unique(forms).filter(({ bytes }) => bytes.length >= SHORTEST);
}

/** Base64 of `bytes` wherever they stand in a longer text: only those characters that no neighbour has a part in. */
function base64Forms(bytes: Buffer): readonly Form[] {
  return [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]);
    // A character carries six bits: the first ones belong in part to what stands before, the last to what comes after.
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor((whole.length * 8) / 6);
    const text = whole.toString("base64").slice(from, to);
    const urlSafe = text.replaceAll("+", "-").replaceAll("/", "_");
    return [
      { name: `base64 at offset ${offset}`, bytes: Buffer.from(text) },
      { name: `URL-safe base64 at offset ${offset}`, bytes: Buffer.from(urlSafe) },
    ];
  });
}

function unique(forms: readonly Form[]): readonly Form[] {
  const seen = new Set<string>();
  return forms.filter(({ bytes }) => {
    const text = bytes.toString("latin1");
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}
