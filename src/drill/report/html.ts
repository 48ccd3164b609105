// The report as one HTML file: no script, nothing loaded from elsewhere.
import { ANOMALIES, anomalyWords, grouped } from '../books/anomaly.js'
import { counted } from '../books/verdict.js'
import type { SeriesRow } from '../record/series.js'
import type { Report } from './report.js'
import { anomalyLine, idleWords, instanceLine, silenceWords } from './table.js'
import { clock, duration, seconds } from './words.js'

/** Text that is HTML already. */
class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[]

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  const texts = parts.map((part) =>
    part instanceof Html
      ? part.text
      : Array.isArray(part)
        ? part.map(({ text }: Html) => text).join('')
        : escaped(String(part)),
  )
  return new Html(String.raw({ raw: strings }, ...texts))
}

export function htmlOf(report: Report): string {
  const { visits, latencyMs, exercised } = report
  const tiles: [string, string, string][] = [
    [
      'acknowledged',
      grouped(visits.acknowledged),
      `${grouped(visits.perSecond)}/s for ${seconds(report.loadMs)}`,
    ],
    ['stored', grouped(visits.stored), `${grouped(report.anomalies.lost)} lost`],
    [
      'failed',
      grouped(visits.failed),
      Object.entries(report.failures)
        .map(([reason, n]) => `${reason} ${n}`)
        .join(', ') || 'no request failed',
    ],
    [
      'p99',
      latencyMs ? duration(latencyMs.p99) : '–',
      latencyMs ? `p50 ${duration(latencyMs.p50)}, max ${duration(latencyMs.max)}` : 'nothing measured',
    ],
  ]
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(report.sentence)}</title>
<style>${STYLE}</style>
${
  html`<main>
<header class="${report.verdict}">
<p class="verdict">${report.verdict}</p>
<h1>${report.sentence}</h1>
<p>${report.url} · ${report.startedAt.replace('T', ' ').slice(0, 19)} UTC · ${counted(report.browsers, 'browser')}, bursts of ${report.burst} · session cookie ${report.found.sessionCookie ?? 'unknown'}</p>
</header>
<section class="tiles">${tiles.map(([name, value, more]) => html`<div><b>${value}</b><span>${name}</span><small>${more}</small></div>`)}</section>
<section><h2>Timeline</h2>${timeline(report)}${faults(report)}</section>
<section><h2>Instances</h2>${shares(report)}${list(report.instances.slice(0, 24).map(instanceLine))}${note(idleWords(report))}</section>
<section><h2>Anomalies</h2>${anomalies(report)}</section>
<section><h2>What was exercised</h2><div class="tiles small">${(
    [
      ['overlapping visits', exercised.overlappingVisits],
      ['destroys in flight', exercised.destroysInFlight],
      ['changes of instance', exercised.instanceChanges],
      ['outages', exercised.outages],
      ['not judged', report.unjudged.sessions + report.unjudged.destroys],
    ] as const
  ).map(
    ([name, count]) =>
      html`<div class="${!count && name !== 'not judged' ? 'none' : ''}"><b>${count === null ? '–' : grouped(count)}</b><span>${name}</span></div>`,
  )}</div></section>
<section><h2>The app at rest</h2><table>${report.found.lines.map(([name, text]) => html`<tr><th>${name}</th><td>${text}</td></tr>`)}</table></section>
<footer>session-drill · seed ${report.seed} · ${grouped(report.drill.requests)} requests, ${seconds(report.drill.cpuMs)} of its own processor time${report.drill.starved ? ' · the drill itself was short of processor time: latencies are too high' : ''}</footer>
</main>`.text
}
</html>
`
}

const WIDTH = 960
const LEFT = 44
const HEIGHT = 190

/** Draws seconds on the x axis. */
class Axis {
  readonly #seconds: number

  constructor({ loadMs }: Report) {
    this.#seconds = Math.max(1, loadMs / 1000)
  }

  x(ms: number): number {
    return round(LEFT + (Math.min(ms / 1000, this.#seconds) / this.#seconds) * (WIDTH - LEFT))
  }

  /** Rows of the series, put together so that each is wide enough to be seen. */
  grouped(series: readonly SeriesRow[]): { from: number; to: number; rows: SeriesRow[] }[] {
    const step = Math.max(1, Math.ceil(this.#seconds / 160))
    const groups: { from: number; to: number; rows: SeriesRow[] }[] = []
    for (const row of series) {
      const at = Math.floor(row.second / step)
      groups[at] ??= { from: at * step * 1000, to: (at + 1) * step * 1000, rows: [] }
      groups[at].rows.push(row)
    }
    return groups.filter((group) => group !== undefined)
  }

  ticks(): Html[] {
    const step =
      [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find((one) => this.#seconds / one <= 10) ?? 7200
    return Array.from({ length: Math.floor(this.#seconds / step) + 1 }, (_, index) => {
      const x = this.x(index * step * 1000)
      return html`<text x="${x}" y="${HEIGHT + 16}" class="tick">${clock(index * step * 1000)}</text>`
    })
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
const round = (value: number) => Math.round(value * 10) / 10

function timeline(report: Report): Html {
  const axis = new Axis(report)
  const groups = axis.grouped(report.series)
  const perSecond = groups.map(
    ({ rows }) => sum(rows.map(({ acknowledged, failed }) => acknowledged + failed)) / rows.length,
  )
  const most = Math.max(1, ...perSecond)
  const slowest = Math.max(1, ...report.series.map(({ p99 }) => p99 ?? 0))
  const y = (value: number) => round(HEIGHT - (value / most) * (HEIGHT - 14))
  const bars = groups.flatMap(({ from, to, rows }) => {
    const good = sum(rows.map(({ acknowledged }) => acknowledged)) / rows.length
    const bad = sum(rows.map(({ failed }) => failed)) / rows.length
    const [x, width] = [axis.x(from), Math.max(0.5, axis.x(to) - axis.x(from) - 0.7)]
    const found = sum(rows.map((row) => row.anomalies))
    return [
      html`<rect class="good" x="${x}" y="${y(good)}" width="${width}" height="${round(HEIGHT - y(good))}"><title>${clock(from)}: ${Math.round(good)}/s acknowledged</title></rect>`,
      ...(bad > 0
        ? [
            html`<rect class="bad" x="${x}" y="${y(good + bad)}" width="${width}" height="${round(y(good) - y(good + bad))}"><title>${clock(from)}: ${Math.round(bad)}/s failed</title></rect>`,
          ]
        : []),
      ...(found > 0
        ? [
            html`<circle class="anomaly" cx="${round(x + width / 2)}" cy="${HEIGHT + 4}" r="3.2"><title>${clock(from)}: ${counted(found, 'anomaly', 'anomalies')}</title></circle>`,
          ]
        : []),
    ]
  })
  const line = report.series
    .filter(({ p99 }) => p99 !== null)
    .map(
      ({ second, p99 }) =>
        `${axis.x(second * 1000 + 500)},${round(HEIGHT - ((p99 ?? 0) / slowest) * (HEIGHT - 14))}`,
    )
    .join(' ')
  const bands = report.scenarios.map(
    ({ name, from, to }) =>
      html`<g class="fault"><rect x="${axis.x(from)}" y="0" width="${Math.max(1, axis.x(to) - axis.x(from))}" height="${HEIGHT}"/><text x="${axis.x(from) + 3}" y="11">${name}</text></g>`,
  )
  const outages = [
    ...report.outages.map(({ from, to, recovered }) => ({ from, to: recovered ?? to })),
    ...report.silences,
  ].map(
    ({ from, to }) =>
      html`<rect class="outage" x="${axis.x(from)}" y="${HEIGHT}" width="${Math.max(1.5, axis.x(to) - axis.x(from))}" height="4"><title>${seconds(from)} to ${seconds(to)}</title></rect>`,
  )
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT + 22}" role="img" aria-label="Visits a second">${bands}
<text x="${LEFT - 6}" y="18" class="scale">${grouped(Math.round(most))}/s</text><text x="${LEFT - 6}" y="${HEIGHT}" class="scale">0</text>
${bars}<polyline class="p99" points="${line}"/>${outages}${axis.ticks()}</svg>
<p class="legend"><i class="good"></i>acknowledged <i class="bad"></i>failed <i class="p99"></i>p99 (up to ${duration(slowest)}) <i class="anomaly"></i>anomalies <i class="outage"></i>outage or silence <i class="fault"></i>fault</p>`
}

const COLOURS = 10

/** The share of each instance over time, one above the other. */
function shares(report: Report): Html {
  const ids = report.instances.map(({ id }) => id)
  if (ids.length === 0) return html`<p>The answers name no instance.</p>`
  const axis = new Axis(report)
  const height = 90
  const bars = axis.grouped(report.series).flatMap(({ from, to, rows }) => {
    const all = sum(rows.map(({ acknowledged }) => acknowledged))
    let top = height
    return ids.flatMap((id, index) => {
      const count = sum(rows.map(({ instances }) => instances[id]?.acknowledged ?? 0))
      if (count === 0 || all === 0) return []
      const tall = (count / all) * height
      top -= tall
      return [
        html`<rect class="c${index % COLOURS}" x="${axis.x(from)}" y="${round(top)}" width="${round(Math.max(0.5, axis.x(to) - axis.x(from) - 0.7))}" height="${round(tall)}"><title>${clock(from)} ${id}: ${Math.round((count / all) * 100)} %</title></rect>`,
      ]
    })
  })
  const keys = ids
    .slice(0, 24)
    .map((id, index) => html`<span><i class="c${index % COLOURS}"></i>${id}</span> `)
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Share of each instance">${bars}</svg><p class="legend">${keys}</p>`
}

function faults(report: Report): Html {
  const rows = report.scenarios.map(
    ({ name, from, to, problem, acknowledged, failed, anomalies, longestWaitMs }) => [
      name,
      `${seconds(from)} to ${seconds(to)}`,
      problem ??
        `${grouped(acknowledged)} visits, ${grouped(failed)} failed, ${counted(anomalies, 'anomaly', 'anomalies')}, longest wait ${duration(longestWaitMs)}`,
    ],
  )
  const table = html`<table>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</table>`
  const silent = report.silences.map((silence) => `${silenceWords(silence)}: no visit acknowledged`)
  const events = report.events.slice(0, 100).map(({ at, text }) => `${clock(at)} ${text}`)
  return html`${rows.length > 0 ? table : ''}${list(silent)}${
    events.length > 0
      ? html`<details><summary>${counted(events.length, 'event')}</summary>${list(events)}</details>`
      : ''
  }`
}

function anomalies(report: Report): Html {
  const found = ANOMALIES.filter((anomaly) => report.anomalies[anomaly] > 0)
  if (found.length === 0) return html`<p>None.</p>`
  const records = report.anomalyRecords
  const first = found.flatMap((anomaly) => records.filter((record) => record.anomaly === anomaly).slice(0, 3))
  const more = records.length > first.length
  return html`<p class="found">${found.map((anomaly) => html`<b>${anomalyWords(anomaly, report.anomalies[anomaly])}</b> `)}</p>
<p>Each line says when it was seen, which number the answer had, and the last number acknowledged before.</p>${list(first.map(anomalyLine))}${
    more
      ? html`<details><summary>The first ${counted(records.length, 'anomaly', 'anomalies')} in their order</summary>${list(records.map(anomalyLine))}</details>`
      : html``
  }`
}

function list(lines: readonly string[]): Html {
  return lines.length === 0 ? html`` : html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`
}

function note(text: string): Html {
  return text === '' ? html`` : html`<p class="note">${text}</p>`
}

const HUES = [212, 160, 32, 275, 350, 190, 60, 130, 310, 15]
const STYLE = `
:root{color-scheme:light dark;--ink:#1d2430;--soft:#667085;--paper:#f6f7f9;--card:#fff;--line:#e3e6ea;--good:#4c8bf5;--bad:#d92d20;--p99:#b54708;--held:#067647;--broken:#b42318;--unknown:#93590a}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#9aa4b2;--paper:#14181f;--card:#1d232c;--line:#323a46;--good:#5b97f7;--bad:#f97066;--p99:#fdb022;--held:#0b7a4b;--broken:#a8261c;--unknown:#8a5508}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1024px;margin:0 auto;padding:24px 16px}header{color:#fff;border-radius:12px;padding:20px 24px;background:var(--held)}
header.broken{background:var(--broken)}header.unknown{background:var(--unknown)}header p{margin:0;opacity:.9;overflow-wrap:anywhere}
.verdict{text-transform:uppercase;letter-spacing:.12em;font-size:13px;font-weight:700}h1{font-size:21px;line-height:1.35;margin:.2em 0 .5em;font-weight:600}
h2{font-size:16px;margin:0 0 10px}section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 20px;margin-top:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px}.tiles div{display:flex;flex-direction:column}
.tiles b{font-size:26px;line-height:1.2;font-variant-numeric:tabular-nums}.tiles.small b{font-size:20px}.tiles span,.tiles small,footer,.legend,.tick,.scale{color:var(--soft)}.tiles .none b{color:var(--soft)}
svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:var(--soft)}.tick{text-anchor:middle}.scale{text-anchor:end}
rect.good{fill:var(--good)}rect.bad{fill:var(--bad)}.fault rect{fill:var(--p99);opacity:.13}.fault text{fill:var(--ink)}polyline.p99{fill:none;stroke:var(--p99);stroke-width:1.5}
.anomaly{fill:var(--bad)}rect.outage{fill:var(--bad);opacity:.75}.legend{font-size:13px;margin:6px 0}.legend span{margin-right:10px;white-space:nowrap}
i{display:inline-block;width:10px;height:10px;border-radius:2px;margin:0 5px 0 10px}.legend span i{margin-left:0}i.good{background:var(--good)}i.bad{background:var(--bad)}i.p99{height:3px;vertical-align:middle;background:var(--p99)}i.anomaly{border-radius:50%;background:var(--bad)}i.outage{height:4px;background:var(--bad);vertical-align:middle}i.fault{background:var(--p99);opacity:.35}
ul{margin:8px 0 0;padding-left:20px;font-size:14px;overflow-wrap:anywhere}table{border-collapse:collapse;font-size:14px;margin-top:8px}td,th{padding:3px 14px 3px 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{color:var(--soft);font-weight:500}
.note{border-left:3px solid var(--p99);padding-left:10px}.found b{color:var(--bad);margin-right:12px}footer{padding:16px 4px;font-size:13px}summary{cursor:pointer;margin-top:8px}
${HUES.map((hue, index) => `.c${index}{fill:hsl(${hue} 60% 55%);background:hsl(${hue} 60% 55%)}`).join('')}`
