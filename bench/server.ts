import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import getPort from 'get-port'
import { SERVER_CPU, start } from './process.js'

/** A server that is measured: its process, and where it answers. */
export interface Server {
  readonly child: ChildProcess
  readonly port: number
}

/**
 * Starts a program on a free port, as in production; returns when it answers at this path, with anything below 500.
 * @throws Error where it ends instead.
 */
export async function startServer(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  path: string,
): Promise<Server> {
  const port = await getPort({ host: '127.0.0.1' })
  const child = start(SERVER_CPU, command, { NODE_ENV: 'production', PORT: `${port}`, ...environment })
  const answers = () =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ status }) => status < 500,
      () => false,
    )
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`${command.join(' ')} ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { child, port }
}

/** Ends a server; returns when it has ended. */
export async function endServer({ child }: Server): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
