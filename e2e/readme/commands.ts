/** The commands that a page tells its reader to type under a heading: the lines of code blocks there, without remarks. */
export function commandsUnder(page: string, heading: string): readonly string[] {
  const sections = page.split(/^(?=## )/m);
  const section = sections.find((each) => each.startsWith(`## ${heading}\n`));
  if (section === undefined) throw new Error(`the page has no heading "${heading}"`);
  const blocks = [...section.matchAll(/^```\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.split("\n"));
  const commands = lines.map((line) => line.replace(/\s+# .*$/, "").trim()).filter((line) => line !== "");
  if (commands.length === 0) throw new Error(`under "${heading}" the page tells nobody to type anything`);
  return commands;
}
