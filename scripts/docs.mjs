// npm run docs: writes docs/errors.md and docs/configuration.md from the code. A test fails when they differ.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { renderConfiguration, renderErrors } from './docs/render.mjs';
import { prepare } from './prepare.mjs';

prepare();
const dist = path.resolve('dist/src');
const load = (file) => import(pathToFileURL(path.join(dist, file)));
for (const file of readdirSync(dist, { recursive: true })) {
  if (file.endsWith('.js') && readFileSync(path.join(dist, file), 'utf8').includes('defineErrors('))
    await load(file);
}
const { declaredErrors } = await load('common/app-error.js');
const { STATUS } = await load('platform/http/problem.filter.js');
const { ENV_SCHEMA } = await load('config/env.schema.js');
const { EXIT_CODES } = await load('config/exit-codes.js');
write('docs/errors.md', renderErrors(declaredErrors(), STATUS));
write('docs/configuration.md', renderConfiguration(ENV_SCHEMA, EXIT_CODES));

function write(file, text) {
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}
