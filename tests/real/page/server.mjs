// The page's own HTTPS server on a free port of this machine, with a certificate made at its start. Chromium is told
// that it is web.whatsapp.com, so the origin in the profile is the real one.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };

function certificate() {
  const dir = mkdtempSync(join(tmpdir(), 'wakeep-cert-'));
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
      '-subj', '/CN=web.whatsapp.com', '-addext', 'subjectAltName=DNS:web.whatsapp.com', '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function answer(path, response) {
  const name = path === '/' ? 'index.html' : normalize(path).replace(/^\/+/, '');
  try {
    const text = readFileSync(join(HERE, name));
    response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream', 'cache-control': 'no-store' });
    response.end(text);
  } catch {
    response.writeHead(404).end();
  }
}

/** Starts the server: its port, the last step a page reported as completed, and how to stop it. */
export async function serve() {
  const state = { completed: 0 };
  const server = createServer(certificate(), (request, response) => {
    const url = new URL(request.url, 'https://web.whatsapp.com');
    if (url.pathname === '/completed') {
      state.completed = Math.max(state.completed, Number(url.searchParams.get('n')));
      return response.writeHead(204).end();
    }
    answer(url.pathname, response);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    completed: () => state.completed,
    forget: () => { state.completed = 0; },
    close: () => { server.closeAllConnections(); server.close(); },
  };
}
