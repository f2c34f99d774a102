/** The table in the formats that it can be had in. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Cell, ExportColumn, ExportRow } from './columns.ts';

/**
 * CSV with a comma, a dot and a line feed. pgfplots knows no quotes and TeX reads every cell, so none needs any: in
 * texts a comma becomes a semicolon and what TeX would obey a space, and sentences (`reasons`) are left out. A missing
 * value is an empty cell.
 */
export function csvTable(columns: ExportColumn[], rows: ExportRow[]): string {
  const shown = columns.filter(({ name }) => name !== 'reasons');
  const lines = [
    shown.map(({ name }) => name),
    ...rows.map((row) => shown.map(({ name }) => csvCell(row[name] ?? null))),
  ];
  return lines.map((cells) => `${cells.join(',')}\n`).join('');
}

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  // R knows no other spelling.
  if (typeof cell === 'boolean') return cell ? 'TRUE' : 'FALSE';
  if (typeof cell === 'number') return String(cell);
  return cell
    .replaceAll(',', ';')
    .replaceAll('"', "'")
    .replace(/[\s\p{Cc}#%{}\\]+/gu, ' ')
    .trim();
}

/** A list of objects, one a line. */
export function jsonTable(columns: ExportColumn[], rows: ExportRow[]): string {
  const lines = rows.map((row) =>
    JSON.stringify(Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))),
  );
  return `[\n${lines.join(',\n')}\n]\n`;
}

const parquetTypes = { text: 'STRING', number: 'DOUBLE', count: 'INT64', flag: 'BOOLEAN' } as const;

/** Units and meanings of the columns go with it, as metadata of the file. */
export function parquetTable(columns: ExportColumn[], rows: ExportRow[]): Uint8Array {
  const buffer = parquetWriteBuffer({
    columnData: columns.map(({ name, kind }) => ({
      name,
      type: parquetTypes[kind],
      nullable: true,
      data: rows.map((row) => parquetCell(row[name] ?? null, kind)),
    })),
    kvMetadata: columns.map(({ name, unit, about }) => ({
      key: `column:${name}`,
      value: unit === '' ? about : `${about} (${unit})`,
    })),
    createdBy: 'bypassbench',
  });
  return new Uint8Array(buffer);
}

function parquetCell(cell: Cell, kind: ExportColumn['kind']): Cell | bigint {
  return kind === 'count' && typeof cell === 'number' ? BigInt(cell) : cell;
}
