/** Names for a message, which is for reading: the first few of them, and how many more there are. Pure. */
export function shortList(names: readonly string[], most = 5): string {
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return `${names.slice(0, most).join(", ")}${more}`;
}
