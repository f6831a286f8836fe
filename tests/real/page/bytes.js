// Bytes and their forms. Everything random in a login comes from its seed, so that a reader elsewhere can tell
// whether it sees the same login.

export const base64 = bytes => btoa(Array.from(bytes, b => String.fromCharCode(b)).join(''));
export const unbase64 = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
export const hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('');

/** `length` bytes that follow from the seed and what they are for. */
export async function seeded(seed, purpose, length) {
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(seed), 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: new TextEncoder().encode(purpose) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, length * 8));
}

/** The body of the n-th record: any reader can make it again and compare. Incompressible, text that shrinks to almost
 * nothing, or `'prose'`, which shrinks as written language does. */
export function body(n, length, compressible) {
  if (compressible === 'prose') return prose(n, length);
  const out = new Uint8Array(length);
  let x = (n * 2654435761 + 1) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    out[i] = compressible ? 97 + (i % 23) + (i % 64 === 0 ? x % 3 : 0) : x & 255;
  }
  return out;
}

const SYLLABLES = 'al be co da en fi go ha in ju ka lo mi no os pe qua ri so ta un ve wo xi yo za shi ter ment ing'.split(' ');

/** Words of one to three syllables, short ones the most frequent, with punctuation and numbers in between. */
function prose(n, length) {
  let x = (n * 2654435761 + 1) >>> 0 || 1;
  const next = below => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
  const syllable = () => SYLLABLES[Math.min(next(SYLLABLES.length), next(SYLLABLES.length))];
  let text = '';
  while (text.length < length) {
    for (let left = 1 + Math.min(next(3), next(3)); left > 0; left--) text += syllable();
    const mark = next(16);
    text += mark === 0 ? '. ' : mark === 1 ? `, ${next(10_000)} ` : ' ';
  }
  return new TextEncoder().encode(text.slice(0, length));
}

export function same(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
