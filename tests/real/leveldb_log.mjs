// LevelDB's log format, as far as states.mjs needs it to make logs with a hole between them: records in 32 KiB blocks,
// each fragment with a masked CRC-32C, its length and its type (doc/log_format.md of LevelDB). Not a database reader.

const BLOCK = 32768;
const HEADER = 7;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0x82f63b78 : n >>> 1;
  return n >>> 0;
});

function maskedCrc(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  crc = (crc ^ 0xffffffff) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The whole records of a log, in order. */
export function records(log) {
  const out = [];
  let parts = [];
  for (let at = 0; at + HEADER <= log.length;) {
    const left = BLOCK - (at % BLOCK);
    const [length, type] = [log.readUInt16LE(at + 4), log[at + 6]];
    if (left < HEADER || type === 0) {
      at += left;
      continue;
    }
    parts.push(log.subarray(at + HEADER, at + HEADER + length));
    if (type === FULL || type === LAST) {
      out.push(Buffer.concat(parts));
      parts = [];
    }
    at += HEADER + length;
  }
  return out;
}

function fragment(type, data) {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(maskedCrc(Buffer.concat([Buffer.from([type]), data])), 0);
  header.writeUInt16LE(data.length, 4);
  header[6] = type;
  return Buffer.concat([header, data]);
}

/** A log of these records. */
export function logOf(list) {
  const out = [];
  let at = 0;
  const push = bytes => {
    out.push(bytes);
    at += bytes.length;
  };
  for (const record of list) {
    for (let from = 0, first = true; first || from < record.length; first = false) {
      if (BLOCK - (at % BLOCK) < HEADER) push(Buffer.alloc(BLOCK - (at % BLOCK)));
      const room = BLOCK - (at % BLOCK) - HEADER;
      const data = record.subarray(from, from + room);
      const last = from + data.length === record.length;
      push(fragment(first ? (last ? FULL : FIRST) : last ? LAST : MIDDLE, data));
      from += data.length;
    }
  }
  return Buffer.concat(out);
}

/** First sequence number and count of a record, which is a write batch. */
export function batch(record) {
  return { sequence: Number(record.readBigUInt64LE(0)), count: record.readUInt32LE(8) };
}
