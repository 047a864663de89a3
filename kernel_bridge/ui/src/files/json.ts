import {
  Bool,
  DataType,
  Field,
  Float64,
  Int64,
  List,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  Vector,
  vectorFromArray
} from 'apache-arrow';

type Row = Record<string, unknown>;

/**
 * Rows of JSON as a stream of Arrow IPC: a list of objects, one object, or an object a line.
 *
 * Each column has the one type that its values share; where they share none, it has their text.
 */
export function jsonToArrow(text: string, lines: boolean): Uint8Array {
  const rows = lines ? text.split('\n').filter(line => line.trim()).map(parsed) : asRows(parsed(text));
  const names = [...new Set(rows.flatMap(row => Object.keys(row as Row)))];
  const columns: Record<string, Vector> = {};
  for (const name of names) {
    const values = rows.map(row => (row as Row)[name] ?? null);
    const type = typeOf(values);
    columns[name] = vectorFromArray(values.map(value => shaped(value, type)), type);
  }
  return tableToIPC(new Table(columns), 'stream');
}

function parsed(text: string): unknown {
  return JSON.parse(text);
}

function asRows(value: unknown): unknown[] {
  const rows = Array.isArray(value) ? value : [value];
  return rows.every(isRow) ? rows : rows.map(json => ({ json }));
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The type that all of these have; null is of each. */
function typeOf(values: readonly unknown[]): DataType {
  const there = values.filter(value => value !== null && value !== undefined);
  const every = (test: (value: unknown) => boolean) => there.length > 0 && there.every(test);
  if (every(value => typeof value === 'boolean')) {
    return new Bool();
  }
  if (every(value => Number.isSafeInteger(value))) {
    return new Int64();
  }
  if (every(value => typeof value === 'number')) {
    return new Float64();
  }
  if (every(Array.isArray)) {
    // One by one: a list may be longer than what a call takes.
    const inner: unknown[] = [];
    for (const value of there as unknown[][]) {
      for (const one of value) {
        inner.push(one);
      }
    }
    return new List(new Field('item', typeOf(inner), true));
  }
  if (every(isRow)) {
    const names = [...new Set((there as Row[]).flatMap(Object.keys))];
    // Arrow has no struct without fields that everybody reads.
    if (names.length > 0) {
      const field = (name: string) =>
        new Field(name, typeOf((there as Row[]).map(row => row[name] ?? null)), true);
      return new Struct(names.map(field));
    }
  }
  return new Utf8();
}

/** A value as Arrow's builder of the type takes it. */
function shaped(value: unknown, type: DataType): unknown {
  if (value === null || value === undefined) {
    return null;
  }
  if (DataType.isInt(type)) {
    return BigInt(value as number);
  }
  if (DataType.isUtf8(type)) {
    return typeof value === 'string' ? value : JSON.stringify(value);
  }
  if (DataType.isList(type)) {
    const inner = type.children[0].type;
    return (value as unknown[]).map(one => shaped(one, inner));
  }
  if (DataType.isStruct(type)) {
    const pairs = type.children.map(({ name, type }) => [name, shaped((value as Row)[name], type)]);
    return Object.fromEntries(pairs);
  }
  return value;
}
