// app.js — enhancement only. Every page and every form works without it.
(() => {
  'use strict';
  const doc = document, root = doc.documentElement;
  const $ = (s, r = doc) => r.querySelector(s);
  const $$ = (s, r = doc) => [...r.querySelectorAll(s)];
  const on = (type, sel, fn) => doc.addEventListener(type, e => {
    const t = e.target.closest?.(sel);
    if (t) fn(e, t);
  });
  // Translated strings come from the server as data attributes on <body>.
  const t = (key, fallback) => doc.body.dataset[key] || fallback;
  // Clock skew: the server prints its own time, so relative times do not depend on the client clock.
  const skew = root.dataset.now ? Date.parse(root.dataset.now) - Date.now() : 0;

  // ---- toasts ----
  function toast(text, bad) {
    const box = $('.toasts'), tpl = $('#toast-tpl');
    if (!box || !tpl) return;
    const el = tpl.content.firstElementChild.cloneNode(true);
    el.classList.toggle('bad', !!bad);
    $('p', el).textContent = text;
    box.append(el);
    if (!bad) expire(el);
  }
  function expire(el) {
    let id = setTimeout(() => el.remove(), 6000);
    const hold = () => clearTimeout(id), go = () => { id = setTimeout(() => el.remove(), 3000); };
    el.addEventListener('pointerenter', hold); el.addEventListener('pointerleave', go);
    el.addEventListener('focusin', hold); el.addEventListener('focusout', go);
  }
  on('click', '[data-dismiss]', (e, b) => b.closest('.toast').remove());
  $$('.toast:not(.bad)').forEach(expire);

  // ---- copy ----
  async function copy(text) {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    const a = doc.createElement('textarea');        // plain-HTTP admin on a LAN
    a.value = text; a.className = 'sr';
    ($('dialog[open]') || doc.body).append(a); a.select();
    const ok = doc.execCommand('copy'); a.remove();
    if (!ok) throw 0;
  }
  on('click', '[data-copy]', async (e, b) => {
    const from = b.dataset.copy.startsWith('#') && $(b.dataset.copy);
    const text = from ? (from.value ?? from.textContent).trim() : b.dataset.copy;
    const label = $('span', b);
    try {
      await copy(text);
      if (label) {
        label.dataset.was ??= label.textContent;
        label.textContent = t('tCopied', 'Copied');
        setTimeout(() => { label.textContent = label.dataset.was; }, 1600);
      }
      say(t('tCopied', 'Copied'));
    } catch { toast(t('tCopyFailed', 'Could not copy. Select the text and copy it by hand.'), true); }
  });
  function say(text) { const s = $('#say'); if (s) { s.textContent = ''; setTimeout(() => { s.textContent = text; }, 30); } }

  // ---- dialogs: a link to a confirmation page opens the same form in a <dialog> ----
  on('click', '[data-dialog]', (e, a) => {
    const d = doc.getElementById(a.dataset.dialog);
    if (!d || e.metaKey || e.ctrlKey) return;
    e.preventDefault();
    a.closest('[popover]')?.hidePopover();
    d.showModal();
  });
  on('click', 'dialog [data-close]', (e, b) => { e.preventDefault(); b.closest('dialog').close(); });

  // ---- menus: popovers work alone (centred); here they are placed at their button ----
  let openedAt = 0;
  doc.addEventListener('beforetoggle', () => { openedAt = scrollY; }, true);
  doc.addEventListener('toggle', e => {
    const m = e.target;
    if (!m.matches?.('.menu') || e.newState !== 'open' || innerWidth < 640) return;
    const b = $(`[popovertarget="${m.id}"]`).getBoundingClientRect(), w = m.offsetWidth, h = m.offsetHeight;
    const up = b.bottom + h + 8 > innerHeight && b.top > h;
    m.style.margin = '0';
    m.style.inset = 'auto';
    m.style.left = Math.max(8, Math.min(b.right - w, innerWidth - w - 8)) + 'px';
    m.style.top = (up ? b.top - h - 4 : b.bottom + 4) + 'px';
    $('a,button', m)?.focus({ preventScroll: true });
  }, true);
  on('keydown', '.menu', (e, m) => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
    const items = $$('a,button', m), i = items.indexOf(doc.activeElement);
    items[(i + (e.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length].focus();
    e.preventDefault();
  });
  addEventListener('scroll', () => Math.abs(scrollY - openedAt) > 24 && $$('.menu:popover-open').forEach(m => m.hidePopover()), { passive: true });

  // ---- tabs inside a page: stacked sections without JS, ARIA tabs with it ----
  for (const bar of $$('[data-tabs]')) {
    const tabs = $$('a', bar), panel = a => doc.getElementById(a.hash.slice(1));
    bar.setAttribute('role', 'tablist');
    const pick = (a, focus) => tabs.forEach(x => {
      const sel = x === a;
      x.setAttribute('aria-selected', sel);
      x.tabIndex = sel ? 0 : -1;
      panel(x).classList.toggle('on', sel);
      if (sel && focus) x.focus();
    });
    tabs.forEach(a => {
      const p = panel(a);
      a.removeAttribute('aria-current');
      a.setAttribute('role', 'tab'); a.id ||= 'tab-' + p.id; a.setAttribute('aria-controls', p.id);
      p.setAttribute('role', 'tabpanel'); p.setAttribute('aria-labelledby', a.id);
    });
    bar.addEventListener('click', e => {
      const a = e.target.closest('a');
      if (a) { e.preventDefault(); pick(a); history.replaceState(null, '', a.hash); }
    });
    bar.addEventListener('keydown', e => {
      const i = tabs.indexOf(doc.activeElement), n = tabs.length, rtl = root.dir === 'rtl' ? -1 : 1;
      const to = { ArrowRight: i + rtl, ArrowLeft: i - rtl, Home: 0, End: n - 1 }[e.key];
      if (to != null) { e.preventDefault(); pick(tabs[(to + n) % n], true); }
    });
    addEventListener('hashchange', () => { const a = tabs.find(x => x.hash === location.hash); if (a) pick(a, true); });
    pick(tabs.find(a => a.hash === location.hash) || tabs.find(a => panel(a).classList.contains('on')) || tabs[0]);
  }

  // ---- tables: select all, shift-click range, count ----
  let last;
  on('change', '.pick-all', (e, c) => { $$('.pick', c.form).forEach(p => { p.checked = c.checked; }); count(c.form); });
  on('click', '.pick', (e, c) => {
    const all = $$('.pick', c.form);
    if (e.shiftKey && last && all.includes(last)) {
      const [a, b] = [all.indexOf(last), all.indexOf(c)].sort((x, y) => x - y);
      all.slice(a, b + 1).forEach(p => { p.checked = c.checked; });
    }
    last = c; count(c.form);
  });
  function count(form) {
    const n = $$('.pick:checked', form).length, all = $('.pick-all', form);
    $$('[data-count]', form).forEach(el => { el.textContent = n; });
    if (all) { all.checked = n && n === $$('.pick', form).length; all.indeterminate = n > 0 && !all.checked; }
  }
  on('click', '[data-clear]', (e, b) => { e.preventDefault(); $$('.pick, .pick-all', b.form).forEach(p => { p.checked = false; }); count(b.form); });

  // ---- forms: busy state, no double submit, unsaved-changes guard, reveal password ----
  let dirty = false;
  doc.addEventListener('submit', e => {
    const f = e.target;
    if (f.method === 'dialog') return;
    if (f.dataset.sent) return e.preventDefault();
    dirty = false;
    f.dataset.sent = 1;
    setTimeout(() => { e.submitter?.setAttribute('aria-busy', 'true'); });
  });
  addEventListener('pageshow', () => $$('form[data-sent]').forEach(f => { delete f.dataset.sent; $('[aria-busy]', f)?.removeAttribute('aria-busy'); }));
  on('input', 'form[data-guard]', (e, f) => { dirty = true; const n = $('[data-dirty]', f); if (n) n.hidden = false; });
  addEventListener('beforeunload', e => { if (dirty) e.preventDefault(); });
  on('click', '[data-reveal]', (e, b) => {
    const i = doc.getElementById(b.dataset.reveal), show = i.type === 'password';
    i.type = show ? 'text' : 'password';
    b.setAttribute('aria-pressed', show);
  });
  on('submit', '[data-theme-form]', (e, f) => {
    e.preventDefault();
    const v = e.submitter.value;
    root.dataset.theme = v;
    $$('[name=theme]', f).forEach(b => b.setAttribute('aria-pressed', b.value === v));
    delete f.dataset.sent;
    fetch(f.action, { method: 'POST', body: new URLSearchParams(new FormData(f, e.submitter)) }).catch(() => {});
  });

  // ---- relative times ----
  const rtf = new Intl.RelativeTimeFormat(root.lang || 'en', { style: 'short', numeric: 'auto' });
  const units = [['day', 86400], ['hour', 3600], ['minute', 60]];
  function ago() {
    for (const el of $$('time[data-rel]')) {
      const s = (Date.parse(el.dateTime) - Date.now() - skew) / 1000, u = units.find(x => Math.abs(s) >= x[1]);
      if (u && Math.abs(s) < 7 * 86400) el.textContent = rtf.format(Math.round(s / u[1]), u[0]);
    }
  }
  setInterval(ago, 30000);

  // ---- live pages: HTML fragments over SSE ----
  // Events: "patch" = elements to replace by id (only cells whose content changed are touched, so focus and
  // selection survive), unknown ids are appended; "gone" = an id to remove; "keep" = all ids that still exist,
  // sent after a reconnect; "say" = text for the screen reader, at most every 20 s.
  const live = $('[data-live]');
  if (live) {
    const state = $('[data-live-state]'), btn = $('[data-live-toggle]'), list = $('[data-live-list]'), box = list?.closest('.loglines');
    let es;
    const show = (cls, key, text) => { state.className = 'dot ' + cls; state.textContent = t(key, text); };
    const patch = html => {
      const tpl = doc.createElement('template');
      tpl.innerHTML = html;
      for (const n of [...tpl.content.children]) {
        const o = doc.getElementById(n.id);
        if (!o) {
          const end = box && box.scrollHeight - box.scrollTop - box.clientHeight < 40;
          list?.append(n);
          if (list?.children.length > 500) list.firstElementChild.remove();
          if (end) box.scrollTop = box.scrollHeight;
          continue;
        }
        const cells = $$('[data-k]', n);
        if (!cells.length) o.replaceWith(n);
        for (const c of cells) {
          const x = $(`[data-k="${c.dataset.k}"]`, o);
          if (x && x.innerHTML !== c.innerHTML) x.innerHTML = c.innerHTML;
        }
      }
    };
    const drop = el => {
      if (el?.contains(doc.activeElement)) $('a,button', el.nextElementSibling || el.previousElementSibling || live)?.focus();
      el?.remove();
    };
    const start = () => {
      es = new EventSource(live.dataset.live);
      show('', 'tConnecting', 'Connecting…');
      es.onopen = () => show('live', 'tLive', 'Live');
      es.onerror = () => es.readyState === 2 ? show('bad', 'tEnded', 'Updates stopped. Reload the page.') : show('warn', 'tRetry', 'Connection lost. Retrying…');
      es.addEventListener('patch', e => patch(e.data));
      es.addEventListener('gone', e => drop(doc.getElementById(e.data)));
      es.addEventListener('keep', e => { if (!list) return; const ids = new Set(e.data.split(' ')); $$('[id]', list).filter(x => x.parentNode === list && !ids.has(x.id)).forEach(drop); });
      es.addEventListener('say', e => say(e.data));
    };
    const stop = () => { es?.close(); es = null; show('off', 'tPaused', 'Paused'); };
    btn?.addEventListener('click', () => {
      es ? stop() : start();
      btn.setAttribute('aria-pressed', !es);
    });
    doc.addEventListener('visibilitychange', () => { if (btn?.getAttribute('aria-pressed') === 'true') return; doc.hidden ? es?.close() : start(); });
    start();
  }

  // ---- keyboard: / search, ? help, g+letter go, j/k rows, x select. Off with data-shortcuts=off ----
  let g = 0;
  doc.addEventListener('keydown', e => {
    if (root.dataset.shortcuts === 'off' || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target.closest('input,select,textarea,[contenteditable],dialog')) return;
    const k = e.key, rows = $$('a.main-cell'), i = rows.indexOf(doc.activeElement);
    if (g && Date.now() - g < 1200) { g = 0; const a = $(`[data-go="${k}"]`); if (a) { e.preventDefault(); location.href = a.href; } return; }
    if (k === 'g') g = Date.now();
    else if (k === '/') { const s = $('.top .find input') || $('.find input'); if (s) { e.preventDefault(); s.focus(); s.select(); } }
    else if (k === '?') $('#keys')?.showModal();
    else if (k === 'n') $('[data-new]')?.click();
    else if ((k === 'j' || k === 'k') && rows.length) rows[Math.max(0, Math.min(rows.length - 1, i + (k === 'j' ? 1 : -1)))].focus();
    else if (k === 'x' && i >= 0) $('.pick', rows[i].closest('tr'))?.click();
  });
})();
