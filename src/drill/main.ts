#!/usr/bin/env node
// The command session-drill: options in, a verdict out.
import { appendFileSync, writeFileSync } from 'node:fs'
import { CouldNotRun } from './could-not-run.js'
import { checkApp, type DrillOptions, drill, type Live } from './drill.js'
import { exitCodeOf } from './exit-code.js'
import { readCommandLine } from './options/command-line.js'
import { briefHelp, fullHelp } from './options/help.js'
import { OPTIONS, type Settings, settingsOf } from './options/table.js'
import { htmlOf } from './report/html.js'
import { junitOf } from './report/junit.js'
import { checkMarkdownOf, markdownOf } from './report/markdown.js'
import { PlainProgress } from './report/plain.js'
import { serveMetrics } from './report/prometheus.js'
import { foundReport, type Report } from './report/report.js'
import { Screen } from './report/screen.js'
import { tableOf } from './report/table.js'
import { clock } from './report/words.js'
import { VERSION } from './version.js'

/** Shows progress until closed: a screen in a terminal, else plain lines. */
function progress(
  output: NodeJS.WriteStream,
): Required<Pick<DrillOptions, 'onStart' | 'onEvent'>> & { close(): void } {
  let timer: NodeJS.Timeout | undefined
  const live = output.isTTY === true
  const start = (running: Live) => {
    const screen = new Screen(output)
    const plain = new PlainProgress()
    const show = live ? () => screen.draw(running) : () => output.write(`${plain.line(running)}\n`)
    timer = setInterval(show, live ? 500 : 5000)
    if (live) show()
  }
  return {
    onStart: start,
    onEvent: (event) => {
      if (!live) output.write(`${clock(event.at)}  ${event.text}\n`)
    },
    close: () => clearInterval(timer),
  }
}

/** The first Ctrl-C ends the load and judges what there is; the second ends the judging, too; the third everything. */
function interrupts(): { stop: AbortSignal; abandon: AbortSignal } {
  const stop = new AbortController()
  const abandon = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (abandon.signal.aborted) process.exit(2)
      if (stop.signal.aborted) abandon.abort()
      stop.abort()
    })
  }
  return { stop: stop.signal, abandon: abandon.signal }
}

async function run(url: string, given: Partial<Settings>): Promise<Report> {
  const output = given.json ? process.stderr : process.stdout
  const { close, onStart, onEvent } = progress(output)
  let metrics: Awaited<ReturnType<typeof serveMetrics>> | undefined
  const begin = (live: Live) => {
    onStart(live)
    // Whoever sends this signal marks a moment of the timeline.
    process.on('SIGUSR2', () => live.journal.event('mark: SIGUSR2'))
    if (given.metricsPort === undefined) return
    serveMetrics(live, given.metricsPort).then(
      (served) => {
        metrics = served
        live.journal.event(`metrics on http://127.0.0.1:${served.port}/metrics`)
      },
      (error: Error) => live.journal.event(`no metrics: ${error.message}`),
    )
  }
  try {
    return await drill({ url, ...given, ...interrupts(), onStart: begin, onEvent })
  } finally {
    close()
    metrics?.close()
  }
}

const FILES = ['junit', 'html', 'markdown'] as const

/** Whoever waits for a load should not learn in the end that its report can't be written. */
function tryFiles(settings: Settings): void {
  for (const name of FILES) writing(name, settings[name], (file) => appendFileSync(file, ''))
}

function writeReports(report: Report, { junit, html, markdown }: Settings): void {
  writing('junit', junit, (file) => writeFileSync(file, junitOf(report)))
  writing('html', html, (file) => writeFileSync(file, htmlOf(report)))
  writing('markdown', markdown, (file) => appendFileSync(file, markdownOf(report)))
}

function writing(name: string, file: string | undefined, write: (file: string) => void): void {
  if (file === undefined) return
  try {
    write(file)
  } catch (error) {
    throw new CouldNotRun(`--${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Of a load, and of nothing else. */
const OF_A_LOAD = ['junit', 'html', 'metricsPort'] as const

async function checkOnly(url: string, given: Partial<Settings>, settings: Settings): Promise<void> {
  const unfit = OF_A_LOAD.find((name) => settings[name] !== undefined)
  if (unfit) throw new CouldNotRun(`--${OPTIONS[unfit].flag} reports a load, and --check has none`)
  const found = await checkApp({ url, ...given })
  if (settings.markdown !== undefined) appendFileSync(settings.markdown, checkMarkdownOf(found))
  const text = found.lines.map(([name, line]) => `  ${name.padEnd(10)} ${line}\n`).join('')
  process.stdout.write(settings.json ? `${JSON.stringify(foundReport(found), null, 2)}\n` : text)
}

async function main(): Promise<number> {
  const read = readCommandLine(process.argv.slice(2))
  if ('version' in read) {
    process.stdout.write(`${VERSION}\n`)
    return 0
  }
  if ('help' in read) {
    process.stdout.write(read.help === 'brief' ? briefHelp() : fullHelp())
    return 0
  }
  const settings = settingsOf(read.settings)
  if (settings.check) {
    await checkOnly(read.url, read.settings, settings)
    return 0
  }
  tryFiles(settings)
  const report = await run(read.url, read.settings)
  process.stdout.write(settings.json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report))
  writeReports(report, settings)
  return exitCodeOf(report)
}

process.exitCode = await main().catch((error: unknown) => {
  const line =
    error instanceof CouldNotRun ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`session-drill: ${line}\n`)
  return 2
})
