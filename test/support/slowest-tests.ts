// Says at the end of a run which files took longest, so that a slow test is noticed when it is written.
import type { Reporter, TestModule } from 'vitest/node'

const SHOWN = 10

export class SlowestTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules.map((module) => ({ module, ms: module.diagnostic().duration }))
    const slowest = times.sort((one, other) => other.ms - one.ms).slice(0, SHOWN)
    if (modules.length < SHOWN) return
    const lines = slowest.map(
      ({ module, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${module.relativeModuleId}`,
    )
    process.stdout.write(`\n The slowest files\n${lines.join('\n')}\n\n`)
  }
}
