// Writes the fixtures of the conformance suite as ordinary extensions, one file each, into a folder for EXTENSIONS_DIR.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export async function writeFixtures(folder) {
  for (const kind of ['tool', 'prompt', 'resource']) {
    const source = pathToFileURL(path.join(import.meta.dirname, 'fixtures', `${kind}s.mjs`)).href;
    const { default: items } = await import(source);
    items.forEach(({ name }, index) =>
      writeFileSync(
        path.join(folder, `${name}.${kind}.mjs`),
        `import items from '${source}';\nexport default items[${index}];\n`,
      ),
    );
  }
}
