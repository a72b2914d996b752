/** Zip archives, right ones and ones that lie. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** 8, deflated, by default; 0 is stored. */
  readonly method?: number;
  readonly flags?: number;
  readonly unixMode?: number;
  /** What the headers say in place of the truth. */
  readonly crc?: number;
  readonly size?: number;
  readonly localName?: string;
  /** The directory names the bytes of this part instead. */
  readonly sharesPart?: number;
  readonly zip64?: boolean;
}

const UTF8 = 0x800;
const IN_EXTRA = 0xffffffff;

export function zipFile(...parts: readonly ZipPart[]): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const part of parts) {
    const content = Buffer.from(part.content as string);
    const method = part.method ?? 8;
    const packed = method === 8 ? deflateRawSync(content) : content;
    const size = part.size ?? content.length;
    const fields = (extra: number) => {
      const header = Buffer.alloc(26);
      header.writeUInt16LE(part.zip64 ? 45 : 20, 0);
      header.writeUInt16LE((part.flags ?? 0) | UTF8, 2);
      header.writeUInt16LE(method, 4);
      header.writeUInt32LE(part.crc ?? crc32(content), 10);
      header.writeUInt32LE(part.zip64 ? IN_EXTRA : packed.length, 14);
      header.writeUInt32LE(part.zip64 ? IN_EXTRA : size, 18);
      header.writeUInt16LE(extra, 24);
      return header;
    };
    const at = part.sharesPart === undefined ? offset : offsets[part.sharesPart]!;
    offsets.push(at);
    const extra = part.zip64 ? zip64Extra(size, packed.length, at) : Buffer.alloc(0);
    if (part.sharesPart === undefined) {
      const name = Buffer.from(part.localName ?? part.name);
      const local = fields(extra.length);
      local.writeUInt16LE(name.length, 22);
      const piece = Buffer.concat([Buffer.from('PK\x03\x04'), local, name, extra, packed]);
      pieces.push(piece);
      offset += piece.length;
    }
    const name = Buffer.from(part.name);
    const central = fields(extra.length);
    central.writeUInt16LE(name.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((part.unixMode ?? 0o100644) << 16) >>> 0, 6);
    rest.writeUInt32LE(part.zip64 ? IN_EXTRA : at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([45, 3]), central, rest, name, extra]));
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...pieces, listed, end]);
}

function zip64Extra(size: number, packed: number, offset: number): Buffer {
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(24, 2);
  [size, packed, offset].forEach((value, index) => {
    extra.writeBigUInt64LE(BigInt(value), 4 + index * 8);
  });
  return extra;
}
