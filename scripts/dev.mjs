// `npm run dev`: the demo, built again and restarted with each change in src/. Takes the demo's keys and settings.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { watch } from 'chokidar'
import { readDemoSettings } from '../dist/demo/demo-settings.js'
import { CONTROL_FILE } from '../dist/drill/scenarios/control-file.js'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const say = (line) => console.log(`  ${new Date().toTimeString().slice(0, 8)}  ${line}`)

let demo
let replacing = false
function start() {
  // Two are enough to see what an instance shares with another, and are back sooner than four.
  const env = { DEMO_INSTANCES: '2', ...process.env }
  demo = spawn(process.execPath, ['dist/demo/demo.js'], { env, stdio: 'inherit' })
  demo.once('exit', (code) => replacing || process.exit(code ?? 1))
}

/** The platform can restart its instances, but not itself. */
async function restart(platformToo) {
  if (platformToo) {
    replacing = true
    demo.kill()
    await once(demo, 'exit')
    replacing = false
    start()
    return 'built; the platform starts again'
  }
  const { url, token } = JSON.parse(
    readFileSync(join(readDemoSettings(process.env).dataFolder, CONTROL_FILE), 'utf8'),
  )
  const headers = { Authorization: `Bearer ${token}` }
  const answer = await fetch(new URL('restart', url), { method: 'POST', headers })
  if (!answer.ok) throw new Error(await answer.text())
  return 'built and restarted'
}

const changed = new Set()
let busy = false
async function work() {
  if (busy) return
  busy = true
  while (changed.size > 0) {
    // An editor that saves makes several changes.
    await pause(50)
    const files = [...changed]
    changed.clear()
    const began = Date.now()
    if (spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' }).status !== 0) continue
    const done = await restart(files.some((file) => file.startsWith('demo'))).catch(
      (error) => `built, but not restarted: ${error.message}`,
    )
    say(`${files.join(', ')}: ${done} (${Date.now() - began} ms)`)
  }
  busy = false
}

start()
// Ctrl-C reaches the demo too, and it stops in good order; this process follows it.
process.on('SIGINT', () => {}).on('SIGTERM', () => demo.kill())
// Not fs.watch: on Linux it loses a file that an editor saves by renaming another one over it.
watch('src', { cwd: '.', ignoreInitial: true }).on('all', (_event, path) => {
  const file = relative('src', path)
  if (!/\.(ts|css|svg)$/.test(file)) return
  changed.add(file)
  void work()
})
