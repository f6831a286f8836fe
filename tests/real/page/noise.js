// The noise key pair and its lock: what ties Local Storage and IndexedDB of one login together.
//
// WAWebDbEncryptionKey (WhatsApp Web's own module) derives the key as HKDF-SHA256 over the 128 bytes of
// wawc_db_enc.keys, salt = WAWebEncKeySalt, info = ONE ZERO BYTE, to AES-CBC with 128 bits; public exporters that
// decrypt WANoiseInfo do the same. `lock` can be told other details, so that a reader can be tried on a login it
// can't prove.

import { base64, same, unbase64 } from './bytes.js';

const PKCS8_X25519 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20];
const WHATSAPP = { info: [0], bits: 128 };

/** The public key of an X25519 private key. */
export async function publicOf(privateKey) {
  const key = await crypto.subtle.importKey('pkcs8', new Uint8Array([...PKCS8_X25519, ...privateKey]), 'X25519', true, ['deriveBits']);
  const { x } = await crypto.subtle.exportKey('jwk', key);
  return unbase64(x.replaceAll('-', '+').replaceAll('_', '/'));
}

function aesKey(encKey, salt, { info, bits }) {
  const how = { name: 'HKDF', hash: 'SHA-256', salt, info: new Uint8Array(info) };
  return crypto.subtle.deriveKey(how, encKey, { name: 'AES-CBC', length: bits }, false, ['encrypt', 'decrypt']);
}

/** The 128 bytes as WhatsApp Web keeps them: an HKDF CryptoKey that scripts can use but not read. */
export const encKeyOf = raw => crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']);

/** `WANoiseInfo` for a key pair: public and private key encrypted, the recovery token as it is. */
export async function lock(pair, encKey, salt, ivs, how = WHATSAPP) {
  const key = await aesKey(encKey, salt, how);
  const sealed = async (iv, bytes) => base64(new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, bytes)));
  return {
    pubKey: await sealed(ivs[1], pair.pubKey),
    privKey: await sealed(ivs[2], pair.privKey),
    recoveryToken: base64(pair.recoveryToken),
  };
}

/** Opens `WANoiseInfo`; throws where the stores don't belong to each other. */
export async function unlock(noise, encKey, salt, ivs, how = WHATSAPP) {
  const key = await aesKey(encKey, salt, how);
  const opened = async (iv, text) => new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, unbase64(text)));
  const pair = { pubKey: await opened(ivs[1], noise.pubKey), privKey: await opened(ivs[2], noise.privKey) };
  if (!same(await publicOf(pair.privKey), pair.pubKey)) throw new Error('the noise keys are no pair');
  return pair;
}

/** What an encryption key makes of known bytes: equal for equal keys, although scripts can't read the key. */
export async function useOf(encKey) {
  const key = await aesKey(encKey, new Uint8Array(32), WHATSAPP);
  return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv: new Uint8Array(16) }, key, new Uint8Array(32)));
}
