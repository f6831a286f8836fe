// What whatsapp-web.js asks of WhatsApp Web (its Client.js and util/Injected, version 1.34), answered from the
// profile's real content. Messages, chats and calls exist only as far as the client hangs its listeners on them.

import { base64 } from './bytes.js';
import { qr, requireLinked } from './login.js';

function emitter(fields = {}) {
  const listeners = new Map();
  return {
    ...fields,
    on(names, listener) {
      for (const name of names.split(' ')) listeners.set(name, [...(listeners.get(name) ?? []), listener]);
    },
    once(name, listener) {
      this.on(name, listener);
    },
    off(name, listener) {
      listeners.set(name, (listeners.get(name) ?? []).filter(l => l !== listener));
    },
    emit(name, ...values) {
      for (const listener of listeners.get(name) ?? []) listener(this, ...values);
    },
  };
}

const socket = emitter({ state: 'OPENING', hasSynced: false });
const cmd = emitter({ refreshQR() {} });
const conn = emitter({ ref: '2@wakeep', serialize: () => ({ pushname: 'Wakeep Shop', platform: 'android' }) });
let me = null;

// The client listens for the end of the sync only after it knows that no QR is needed.
const listen = socket.on;
socket.on = function (names, listener) {
  listen.call(this, names, listener);
  if (names === 'change:hasSynced' && this.hasSynced) setTimeout(() => listener(this, true));
};

const zeros = base64(new Uint8Array(32));
const MODULES = {
  WAWebSocketModel: { Socket: socket },
  WAWebCmd: { Cmd: cmd },
  WAWebConnModel: { Conn: conn },
  WAWebOfflineHandler: { OfflineMessageHandler: { getOfflineDeliveryProgress: () => 100 } },
  WAWebAltDeviceLinkingApi: {},
  WABase64: { encodeB64: bytes => base64(new Uint8Array(bytes)) },
  WAWebCompanionRegClientUtils: { DEVICE_PLATFORM: '1' },
  WAWebAdvSignatureApi: {},
  WAWebUserPrefsInfoStore: { waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: new Uint8Array(32) } }) } },
  WAWebSignalStoreApi: { waSignalStore: { getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: new Uint8Array(32) } }) } },
  WAWebUserPrefsMultiDevice: { getADVSecretKey: () => zeros },
  WAWebUserPrefsMeUser: { getMaybeMePnUser: () => me, getMaybeMeLidUser: () => null },
  WAWebCollections: { Msg: emitter(), Chat: emitter() },
  WAWebSyncGatingUtils: {},
  WAWebCallCollection: {},
};

function enter(state) {
  socket.state = state;
  socket.emit('change:state', state);
}

/** Starts as WhatsApp Web does: linked and synced, or a QR page (which makes itself a noise key). */
export async function startWhatsApp() {
  window.Debug = { VERSION: '2.3000.1017054665' };
  window.require = name => {
    if (!(name in MODULES)) throw new Error(`Requiring unknown module "${name}"`);
    return MODULES[name];
  };
  try {
    me = { _serialized: await requireLinked() };
    socket.hasSynced = true;
    enter('CONNECTED');
    socket.emit('change:hasSynced', true);
  } catch (error) {
    window.Debug.whyQr = `${error?.name}: ${error?.message}`;
    if (!localStorage.getItem('WANoiseInfo')) await qr({ seed: crypto.randomUUID() });
    enter('UNPAIRED');
  }
}
