// The document around each page.
import type { Assets } from './assets.js'
import { type Html, html } from './parts/html.js'

// With no-referrer a form on a page that came without TLS would say `Origin: null`: same-origin.ts couldn't tell it.
const REFERRER_POLICY = 'same-origin'

/** @returns a whole document around a body. */
export function htmlDocument(title: string, body: Html, assets: Assets, live = false): string {
  const { path, base } = assets
  return html`<!doctype html>
<html lang="en" data-base="${base}">
<head>
<meta charset="utf-8">
<meta name="referrer" content="${REFERRER_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · RedisSessions</title>
<link rel="stylesheet" href="${path}/page.css">
<link rel="icon" href="${path}/icon.svg" type="image/svg+xml">
${live && html`<script type="module" src="${path}/main.js"></script>\n`}</head>
<body>
<header><a class="brand" href="${base}/session"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 6.5v11c0 1.7 3.6 3 8 3s8-1.3 8-3v-11"/><ellipse cx="12" cy="6.5" rx="8" ry="3"/><path d="M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"/></svg>RedisSessions</a><p>A visit counter behind a load balancer: what happens to your session when instances come and go?</p></header>
${body}
</body>
</html>
`.markup
}
