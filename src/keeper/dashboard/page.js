// The page: asks the server every few seconds and draws what it says. Every sentence comes from the server.
'use strict';
const $ = id => document.getElementById(id);
const ICONS = { good: 'M5 13l4 4L19 7', warn: 'M12 6v7M12 17v.5', bad: 'M7 7l10 10M17 7L7 17', idle: 'M7 12h10' };
// What means that it was done, or needn't be.
const DONE = ['created', 'unchanged', 'restored', 'not_needed'];
let words = {}, lang = localStorage.getItem('lang') || '', last = '', cards = new Map();

function make(tag, cls, text) {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text != null) e.textContent = text;
  return e;
}
// A sentence: what stands between backticks is to be typed.
function prose(cls, text) {
  const e = make('div', cls);
  text.split('`').forEach((part, n) => e.append(n % 2 ? make('code', '', part) : part));
  return e;
}
function svg(tag, attributes) {
  const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  return e;
}
function icon(tone) {
  const s = svg('svg', { viewBox: '0 0 24 24', class: `icon ${tone}`, 'aria-hidden': 'true' });
  s.append(svg('path', { d: ICONS[tone], fill: 'none', stroke: 'currentColor', 'stroke-width': 3, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }));
  return s;
}
function spark(sizes) {
  const s = svg('svg', { viewBox: '0 0 100 24', preserveAspectRatio: 'none', class: 'spark idle', role: 'img', 'aria-label': words.size });
  const xs = sizes.map(p => p[0]), ys = sizes.map(p => p[1]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  // A change of a hundredth is to look like one: a fifth of the size fills the height at least.
  const span = Math.max(y1 - y0, y1 / 5, 1), middle = (y0 + y1) / 2;
  const point = ([x, y]) => `${((x - x0) / (x1 - x0 || 1) * 100).toFixed(1)} ${(12 - (y - middle) / span * 20).toFixed(1)}`;
  s.append(svg('path', { d: 'M' + sizes.map(point).join('L') }));
  return s;
}
async function ask(path, options = {}) {
  const answer = await fetch(path + (path.includes('?') ? '&' : '?') + (lang ? `lang=${lang}` : ''), options);
  if (answer.status === 401) { needToken(); throw new Error('token'); }
  const text = await answer.text();
  const value = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Error(value.error || answer.status);
  return value;
}
let needed = false;
function needToken() {
  needed = true;
  $('token-why').textContent = words.token_why || 'Token';
  $('enter').textContent = words.enter || 'OK';
  $('login').hidden = false;
}
async function enter(token) {
  const answer = await fetch('/api/login', { method: 'POST', headers: { 'X-Wakeep': '1' }, body: token });
  if (answer.ok) { needed = false; $('login').hidden = true; $('token').value = ''; last = ''; tick(); }
}
function rows(s) {
  const dl = make('dl');
  const row = (name, text) => { if (text) dl.append(make('dt', '', name), make('dd', '', text)); };
  row(words.archive, s.archive ? [s.archive.ago, s.archive.size, s.archive.file].filter(Boolean).join(' · ') : words.no_archive);
  row(words.looked, s.looked);
  if (s.next) {
    const left = Math.round((new Date(s.next) - Date.now()) / 1000);
    row(words.next, left > 0 ? words.seconds.replace('{}', left) : words.now);
  }
  row(words.proof, s.drill ? `${s.drill.good ? words.proved : words.unproved}, ${s.drill.ago}` : words.no_proof);
  return dl;
}
function glance(s) {
  const sum = make('summary'), top = make('div', 'top'), name = make('div');
  name.append(make('h2', '', s.name), make('div', `state ${s.tone}`, s.headline), make('div', 'who', [s.account, s.kind].filter(Boolean).join(' · ')));
  top.append(icon(s.tone), name);
  sum.append(top);
  const wrong = make('ul', 'wrong');
  const all = s.wrong.length ? s.wrong : s.tone === 'good' ? [] : [{ what: s.means }];
  for (const w of all) {
    const li = make('li', `back ${w.grave ? 'bad' : s.tone === 'idle' ? 'idle' : 'warn'}`);
    li.append(prose('', w.what));
    if (w.next) li.append(prose('next', `→ ${w.next}`));
    wrong.append(li);
  }
  if (!s.keeper && s.tone !== 'idle') wrong.append(make('li', 'back warn', words.keeper_rests));
  if (wrong.children.length) sum.append(wrong);
  sum.append(rows(s));
  if (s.sizes.length > 1) sum.append(spark(s.sizes));
  return sum;
}
function sure(question, name) {
  $('ask-what').textContent = question; $('ask-name').textContent = name;
  $('ask-no').textContent = words.no; $('ask-yes').textContent = words.yes;
  $('ask').showModal();
  return new Promise(resolve => {
    $('ask').onclose = () => resolve($('ask').returnValue === 'yes');
    $('ask-no').onclick = () => $('ask').close('no');
    $('ask-yes').onclick = () => $('ask').close('yes');
  });
}
async function act(s, what, body, question, name, out) {
  if (!await sure(question, name)) return;
  out.textContent = words.looking;
  try {
    const v = await ask(`/api/sessions/${encodeURIComponent(s.name)}/${what}`, { method: 'POST', headers: { 'X-Wakeep': '1', 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const why = v.error || v.message || v.outcome || '';
    out.textContent = DONE.includes(v.outcome) ? words.done : why ? `${words.failed}: ${why}` : words.failed;
  } catch (e) { out.textContent = `${words.failed}: ${e.message}`; }
  last = ''; tick();
}
async function open(card, s) {
  let depth = card.querySelector('.depth');
  if (!depth) { depth = make('div', 'depth'); card.append(depth); }
  const d = await ask(`/api/sessions/${encodeURIComponent(s.name)}`);
  const out = make('p', 'who'); out.setAttribute('role', 'status');
  const bar = make('div', 'bar'), now = make('button', 'act', words.archive_now);
  now.onclick = () => act(s, 'archive', {}, words.sure_archive, s.name, out);
  bar.append(now);
  const findings = make('ul', 'wrong'); findings.append(make('li', '', words.looking));
  const time = make('ul', 'time');
  for (const e of d.events) { const li = make('li', e.sort); li.append(make('time', '', e.time), e.words); time.append(li); }
  const backups = make('ul', 'rows');
  for (const b of d.backups) {
    const li = make('li'), text = make('div'), button = make('button', '', words.restore_this);
    text.append(make('time', '', b.made), [b.size, b.why].filter(Boolean).join(' · '));
    button.setAttribute('aria-label', `${words.restore_this}: ${b.made}`);
    button.onclick = () => act(s, 'restore', { file: b.file }, words.sure_restore, b.file, out);
    li.append(text, button); backups.append(li);
  }
  depth.replaceChildren(bar, out, make('h3', '', words.findings), findings, make('h3', '', words.history), time, ...(d.backups.length ? [make('h3', '', words.backups), backups] : []));
  try {
    const f = await ask(`/api/sessions/${encodeURIComponent(s.name)}/findings`);
    findings.replaceChildren(...(f.findings.length ? f.findings : [{ what: words.nothing }]).map(x => {
      const li = make('li', `back ${f.findings.length ? 'warn' : 'good'}`);
      li.append(prose('', x.what));
      if (x.next) li.append(prose('next', `→ ${x.next}`));
      return li;
    }));
  } catch (e) { findings.replaceChildren(make('li', 'back warn', `${words.failed}: ${e.message}`)); }
}
function draw(all) {
  const wanted = $('filter').value.trim().toLowerCase(), order = { bad: 0, warn: 1, idle: 2, good: 3 };
  const sorted = [...all].sort((a, b) => order[a.tone] - order[b.tone] || a.name.localeCompare(b.name));
  const seen = new Set();
  for (const [at, s] of sorted.entries()) {
    const key = s.name;
    let entry = cards.get(key);
    if (!entry) {
      entry = { card: make('details', 'card') };
      entry.card.ontoggle = () => { if (entry.card.open) open(entry.card, entry.s).catch(() => {}); };
      cards.set(key, entry);
    }
    const text = JSON.stringify(s) + lang + (s.next ? Math.round(Date.now() / 1000) : '');
    if (entry.text !== text) {
      const sum = entry.card.querySelector('summary');
      if (sum) sum.replaceChildren(...glance(s).childNodes); else entry.card.prepend(glance(s));
      entry.text = text;
    }
    entry.s = s; seen.add(key);
    entry.card.hidden = wanted !== '' && !`${s.name} ${s.account} ${s.headline} ${s.path}`.toLowerCase().includes(wanted);
    if ($('list').children[at] !== entry.card) $('list').insertBefore(entry.card, $('list').children[at] || null);
  }
  for (const [key, entry] of cards) if (!seen.has(key)) { entry.card.remove(); cards.delete(key); }
  const tone = all.length ? sorted[0].tone : 'idle';
  const say = !all.length ? words.none : tone === 'bad' ? words.some_wrong : tone === 'good' ? words.all_well : words.look;
  if ($('sum').dataset.say !== say + tone) {
    $('sum').className = `back ${tone}`;
    $('sum').replaceChildren(icon(tone), make('span', '', say));
    $('sum').dataset.say = say + tone;
  }
  $('filter-box').hidden = all.length < 8;
}
async function tick() {
  try {
    const v = await ask('/api/sessions');
    words = v.words; lang = v.lang;
    if (!needed) $('login').hidden = true;
    document.documentElement.lang = lang; document.title = `${words.title} · wakeep`;
    $('title').textContent = words.title;
    $('filter-word').textContent = words.filter; $('filter').placeholder = words.filter;
    for (const b of document.querySelectorAll('[data-lang]')) b.setAttribute('aria-pressed', String(b.dataset.lang === lang));
    tick.all = v.sessions; draw(v.sessions);
  } catch (e) {
    if (e.message !== 'token') { $('sum').className = 'back idle'; $('sum').replaceChildren(icon('idle'), make('span', '', words.offline || '…')); $('sum').dataset.say = ''; }
  }
}
for (const b of document.querySelectorAll('[data-lang]')) b.onclick = () => { lang = b.dataset.lang; localStorage.setItem('lang', lang); tick(); };
$('filter').oninput = () => draw(tick.all || []);
$('login').onsubmit = e => { e.preventDefault(); enter($('token').value.trim()); };
const given = location.hash.match(/^#token=([0-9a-zA-Z]+)$/);
if (given) { history.replaceState(null, '', location.pathname); enter(given[1]); }
tick();
setInterval(() => { if (!document.hidden) tick(); }, 5000);
document.addEventListener('visibilitychange', () => { if (!document.hidden) tick(); });
