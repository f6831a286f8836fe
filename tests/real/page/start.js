// The page's door. `/` is WhatsApp Web as a bot meets it; `/?drive` does nothing by itself and waits for orders.

import * as login from './login.js';
import { everything } from './read.js';
import { startWhatsApp } from './whatsapp.js';
import * as writer from './writer.js';

window.page = { ...login, ...writer, everything };
if (!new URLSearchParams(location.search).has('drive')) await startWhatsApp();
window.pageReady = true;
