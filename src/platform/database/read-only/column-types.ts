import pg, { type ClientBase, type FieldDef } from 'pg';

/** A column of a result: its JSON Schema, and how the database's text becomes JSON. */
export interface ResultColumn {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly toJson: (text: string) => unknown;
}

type Reader = Omit<ResultColumn, 'name'>;

const TEXT: Reader = { schema: { type: 'string' }, toJson: (text) => text };
const JSON_VALUE: Reader = { schema: {}, toJson: (text) => JSON.parse(text) as unknown };
const INTEGER: Reader = { schema: { type: 'integer' }, toJson: Number };
/** JSON has no infinity and no NaN. */
const FLOAT: Reader = {
  schema: { type: ['number', 'string'] },
  toJson: (text) => (Number.isFinite(Number(text)) ? Number(text) : text),
};
const WIDE: Reader = {
  schema: { type: 'string', description: 'A number, as text so that no digit is lost.' },
  toJson: (text) => text,
};

/** By OID. What is not here is given as the text that PostgreSQL writes. */
const READERS: Readonly<Record<number, Reader>> = {
  16: { schema: { type: 'boolean' }, toJson: (text) => text === 't' },
  17: {
    schema: { type: 'string', contentEncoding: 'base64' },
    toJson: (text) => Buffer.from(text.slice(2), 'hex').toString('base64'),
  },
  20: WIDE,
  21: INTEGER,
  23: INTEGER,
  26: INTEGER,
  114: JSON_VALUE,
  700: FLOAT,
  701: FLOAT,
  1114: { schema: { type: 'string', description: 'ISO 8601 without a time zone.' }, toJson: isoTime },
  1184: { schema: { type: 'string', description: 'ISO 8601, UTC.' }, toJson: isoTime },
  1700: WIDE,
  3802: JSON_VALUE,
};

const TEXT_ARRAY = 1009;

/** Settings of the session that the readers count on. */
export const OUTPUT_SETTINGS =
  "set local datestyle = 'ISO'; set local timezone = 'UTC'; set local intervalstyle = 'iso_8601'; set local bytea_output = 'hex'; set local extra_float_digits = 1";

/** How each column is read. Domains are read as what they are made of, arrays element by element. */
export async function resultColumns(
  client: ClientBase,
  fields: readonly FieldDef[],
): Promise<ResultColumn[]> {
  const { rows } = await client.query<{ oid: number; base: number; element: number | null }>(
    `with recursive base as (
       select oid as type, oid, typtype, typbasetype, typelem, typcategory from pg_type where oid = any($1::oid[])
       union all
       select b.type, t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory
       from base b join pg_type t on t.oid = b.typbasetype where b.typtype = 'd'
     )
     select type as oid, oid as base, case when typcategory = 'A' then typelem end as element
     from base where typtype <> 'd'`,
    [fields.map((field) => field.dataTypeID)],
  );
  return fields.map(({ name, dataTypeID }) => {
    const type = rows.find(({ oid }) => oid === dataTypeID);
    const reader = type?.element
      ? arrayOf(READERS[type.element] ?? TEXT)
      : (READERS[type?.base ?? 0] ?? TEXT);
    return { name, ...reader, schema: nullable(reader.schema) };
  });
}

function arrayOf(element: Reader): Reader {
  const split = pg.types.getTypeParser(TEXT_ARRAY as never, 'text') as (text: string) => unknown[];
  const each = (item: unknown): unknown =>
    Array.isArray(item) ? item.map(each) : item === null ? null : element.toJson(item as string);
  return { schema: { type: 'array' }, toJson: (text) => split(text).map(each) };
}

function nullable(schema: Reader['schema']): Reader['schema'] {
  const { type } = schema;
  return type === undefined ? schema : { ...schema, type: [type, 'null'].flat() };
}

/** `2026-01-31 12:00:00.5+00` as RFC 3339 writes it; `infinity` and years before Christ stay as they are. */
function isoTime(text: string): string {
  if (!/^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d/.test(text) || text.endsWith('BC')) return text;
  return text.replace(' ', 'T').replace(/\+00$/, 'Z');
}
