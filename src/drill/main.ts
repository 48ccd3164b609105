#!/usr/bin/env node
import { writeFileSync } from 'node:fs'
import { CouldNotRun } from './could-not-run.js'
import { type DrillOptions, drill, type Live } from './drill.js'
import { HELP, type Options, readOptions } from './options.js'
import { junitOf } from './report/junit.js'
import { PlainProgress } from './report/plain.js'
import type { Report } from './report/report.js'
import { Screen } from './report/screen.js'
import { tableOf } from './report/table.js'
import { clock } from './report/words.js'
import { chooseScenarios } from './scenarios/choose.js'

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

async function run(options: Options): Promise<Report> {
  const scenarios = await chooseScenarios(options)
  const { close, ...watching } = progress(options.json ? process.stderr : process.stdout)
  try {
    return await drill(options.plan, { scenarios, ...interrupts(), ...watching })
  } finally {
    close()
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (!options) {
    process.stdout.write(HELP)
    return 0
  }
  const report = await run(options)
  if (options.junit !== undefined) writeFileSync(options.junit, junitOf(report, options.plan.maxFailed))
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report))
  if (report.verdict === 'broken') return 1
  return report.scenarios.some(({ problem }) => problem !== undefined) ? 2 : 0
}

process.exitCode = await main().catch((error: unknown) => {
  const line =
    error instanceof CouldNotRun ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`redissessions-drill: ${line}\n`)
  return 2
})
