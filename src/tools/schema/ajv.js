// Plain JavaScript, because the worker thread of SchemaProbe loads it too, from the source tree and from dist.
// Ajv compiles a schema with `new Function`: the one place where data becomes code, and why a schema from outside is
// compiled in the worker first. [S35] [S57]
// @ts-check
import { _, Ajv } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { ajvRegExp, TooMuchWork } from './linear-regexp.js';

/** References that one check may follow: a schema may refer to itself in ways that double with each level. */
const MAX_REFERENCES = 50_000;

/** @type {import('ajv-formats').FormatName[]} */
const FORMATS = ['date', 'time', 'date-time', 'duration', 'email', 'uri', 'uuid', 'ipv4', 'ipv6', 'hostname'];

/** What `$schema` may say; without it a schema is 2020-12 (MCP 2025-11-25, basic, "JSON Schema usage"). */
const DIALECTS = /** @type {const} */ ({
  'https://json-schema.org/draft/2020-12/schema': Ajv2020,
  'https://json-schema.org/draft/2019-09/schema': Ajv2019,
  'http://json-schema.org/draft-07/schema': Ajv,
});

/**
 * @typedef {import('ajv').ValidateFunction} ValidateFunction
 * @typedef {object} Compiled
 * @property {ValidateFunction} validate holds the errors of the last check
 * @property {(value: unknown) => boolean} check
 * @property {number} codeBytes how much code the schema became
 */

/** Compiles JSON Schemas. One of these keeps nothing of what it compiled. */
export class SchemaCompiler {
  /** @type {Map<string, Ajv>} */
  #dialects = new Map();
  #references = { left: 0 };
  #codeBytes = 0;
  /** @type {import('ajv').Options} */
  #options;
  /** @type {import('ajv').KeywordDefinition | undefined} */
  #uniqueItems;

  /**
   * @param {{ useDefaults: boolean, uniqueItems?: (items: unknown[]) => boolean }} options
   */
  constructor({ useDefaults, uniqueItems }) {
    this.#options = {
      allErrors: false,
      strict: false,
      useDefaults,
      ownProperties: true,
      logger: false,
      verbose: true,
      // A definition that is used often would be copied each time: 16 KB of schema became 37 s of compiling.
      inlineRefs: false,
      code: {
        regExp: ajvRegExp,
        optimize: false,
        process: (code) => {
          this.#codeBytes += code.length;
          return code;
        },
      },
    };
    if (uniqueItems !== undefined)
      this.#uniqueItems = {
        keyword: 'uniqueItems',
        type: 'array',
        schemaType: 'boolean',
        error: { message: 'must NOT have duplicate items' },
        validate: (/** @type {boolean} */ unique, /** @type {unknown[]} */ items) =>
          !unique || uniqueItems(items),
      };
  }

  /**
   * Compiles a schema. `check` throws TooMuchWork for a value on which it would take too long. Throws Error when the
   * schema cannot be compiled.
   * @param {Readonly<Record<string, unknown>>} schema
   * @returns {Compiled}
   */
  compile(schema) {
    const ajv = this.#dialect(schema);
    const references = this.#references;
    references.left = Infinity;
    this.#codeBytes = 0;
    try {
      const validate = ajv.compile(schema);
      const check = (/** @type {unknown} */ value) => {
        references.left = MAX_REFERENCES;
        try {
          return validate(value);
        } catch (error) {
          // A stack overflow: the schema refers to itself without end.
          throw error instanceof RangeError ? new TooMuchWork() : error;
        }
      };
      return { validate, check, codeBytes: this.#codeBytes };
    } finally {
      // The compiled function is the caller's to keep; Ajv's own cache would grow with every reload.
      ajv.removeSchema(schema);
    }
  }

  /** @param {Readonly<Record<string, unknown>>} schema */
  #dialect(schema) {
    const { $schema = 'https://json-schema.org/draft/2020-12/schema' } = schema;
    const name = typeof $schema === 'string' ? $schema.replace(/#$/, '') : '';
    const known = this.#dialects.get(name);
    if (known !== undefined) return known;
    if (!Object.hasOwn(DIALECTS, name)) throw new Error('$schema must be JSON Schema 2020-12');
    const ajv = new DIALECTS[/** @type {keyof typeof DIALECTS} */ (name)](this.#options);
    addFormats.default(ajv, FORMATS);
    if (this.#uniqueItems !== undefined) ajv.removeKeyword('uniqueItems').addKeyword(this.#uniqueItems);
    this.#countReferences(ajv);
    this.#dialects.set(name, ajv);
    return ajv;
  }

  /**
   * Makes every reference count, so that a check ends. Ajv has no such option.
   * @param {Ajv} ajv
   */
  #countReferences(ajv) {
    const references = this.#references;
    const count = () => {
      if ((references.left -= 1) < 0) throw new TooMuchWork();
    };
    for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef']) {
      const rule = ajv.RULES.all[keyword];
      if (typeof rule !== 'object' || !('code' in rule.definition)) continue;
      const { code } = rule.definition;
      rule.definition = {
        ...rule.definition,
        code: (cxt, type) => {
          cxt.gen.code(_`${cxt.gen.scopeValue('func', { ref: count })}()`);
          code(cxt, type);
        },
      };
    }
  }
}
