import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { prometheusProgram } from '../../scripts/lib/prometheus-program.js'
import { freePort } from './free-port.js'
import { until } from './until.js'

/** One sample that a query found: its labels and its value. */
interface Sample {
  readonly metric: Record<string, string>
  readonly value: readonly [number, string]
}

/** A real Prometheus of a test's own, which scrapes a target and evaluates rules twice a second. */
export class Prometheus {
  readonly #folder = mkdtempSync(join(tmpdir(), 'redissessions-prometheus-'))
  #process: ChildProcess | undefined
  #url = ''

  /** Starts one that scrapes this target (host:port), whose samples get these labels, with these groups of rules. */
  static async start(target: string, labels: Record<string, string>, groups: unknown): Promise<Prometheus> {
    const prometheus = new Prometheus()
    await prometheus.#start(target, labels, groups)
    return prometheus
  }

  /** @returns what this PromQL finds now. */
  async query(promql: string): Promise<Sample[]> {
    const { result } = await this.#ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(promql)}`)
    return result
  }

  /** @returns the names of the alerts that fire. */
  async firing(): Promise<string[]> {
    const { alerts } = await this.#ask<{ alerts: { state: string; labels: Record<string, string> }[] }>(
      'alerts',
    )
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname ?? '')
  }

  async stop(): Promise<void> {
    if (this.#process?.exitCode === null) {
      const ended = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start(target: string, labels: Record<string, string>, groups: unknown): Promise<void> {
    const { job, ...others } = labels
    const config = {
      global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
      rule_files: ['rules.yaml'],
      scrape_configs: [{ job_name: job, static_configs: [{ targets: [target], labels: others }] }],
    }
    writeFileSync(join(this.#folder, 'rules.yaml'), stringify({ groups }))
    writeFileSync(join(this.#folder, 'prometheus.yaml'), stringify(config))
    const address = `127.0.0.1:${await freePort()}`
    this.#url = `http://${address}`
    const files = [
      `--config.file=${this.#folder}/prometheus.yaml`,
      `--storage.tsdb.path=${this.#folder}/data`,
    ]
    const child = spawn(prometheusProgram('prometheus'), [...files, `--web.listen-address=${address}`], {
      stdio: 'ignore',
    })
    this.#process = child
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`)
      return (await fetch(`${this.#url}/-/ready`)).ok
    })
  }

  async #ask<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}`)
    const { data, error } = (await response.json()) as { data: T; error?: string }
    if (!response.ok) throw new Error(`${path}: ${error}`)
    return data
  }
}

/**
 * Checks groups of rules, and runs promtool's unit tests of this file on them.
 * @throws Error with what promtool said.
 */
export function promtoolTest(groups: unknown, file: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'redissessions-promtool-'))
  try {
    writeFileSync(join(folder, 'rules.yaml'), stringify({ groups }))
    copyFileSync(file, join(folder, 'tests.yaml'))
    const promtool = (...args: string[]) =>
      execFileSync(prometheusProgram('promtool'), args, { stdio: 'pipe' })
    promtool('check', 'rules', join(folder, 'rules.yaml'))
    promtool('test', 'rules', join(folder, 'tests.yaml'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
