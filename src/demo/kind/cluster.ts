// The cluster of containers, and the images in its nodes.
import getPort from 'get-port'
import { ask, run, say } from './programs.js'

export const CLUSTER = 'redissessions'
export const CONTEXT = `kind-${CLUSTER}`
/** Where the NodePort of k8s/kind-cluster.yaml answers. */
export const PAGE = 'http://127.0.0.1:8080/'

export const clusterExists = () => ask('kind', 'get', 'clusters')?.split('\n').includes(CLUSTER) ?? false

/** Creates the cluster, or makes the one that is there kubectl's current one. */
export async function createCluster(): Promise<void> {
  if (clusterExists()) return run('kind', 'export', 'kubeconfig', '--name', CLUSTER)
  const port = 8080
  if ((await getPort({ host: '127.0.0.1', port })) !== port) {
    throw new Error(`port ${port} is taken: stop what listens there (npm run demo does), and run this again`)
  }
  run('kind', 'create', 'cluster', '--config', 'k8s/kind-cluster.yaml', '--wait', '120s')
}

/** Builds the app's image. @returns its tag in the nodes, made of its content, so that pods roll when that changes. */
export function buildImage(): string {
  run('docker', 'build', '--tag', `${CLUSTER}:dev`, '.')
  const id = ask('docker', 'image', 'inspect', '--format', '{{.Id}}', `${CLUSTER}:dev`)
  if (id === undefined)
    throw new Error(`docker does not know the image ${CLUSTER}:dev that it has just built`)
  const tag = `dev-${id.replace('sha256:', '').slice(0, 12)}`
  run('docker', 'tag', `${CLUSTER}:dev`, `${CLUSTER}:${tag}`)
  run('kind', 'load', 'docker-image', `${CLUSTER}:dev`, `${CLUSTER}:${tag}`, '--name', CLUSTER)
  return tag
}

/** Gives the nodes this machine's copy of a public image; each node would pull its own. */
export function loadImage(image: string): void {
  const here = ask('docker', 'image', 'inspect', image) ?? ask('docker', 'pull', image)
  if (here === undefined || ask('kind', 'load', 'docker-image', image, '--name', CLUSTER) === undefined) {
    say(`${image} could not be loaded: the nodes pull it`)
  }
}
