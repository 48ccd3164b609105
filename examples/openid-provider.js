// A provider to try openid-connect.js with: it takes any name and password. Not for production.
import { Provider } from 'oidc-provider'

const port = process.env.PROVIDER_PORT ?? 4000
const app = `http://127.0.0.1:${process.env.PORT ?? 3000}`
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'shop', client_secret: 'change me, too', redirect_uris: [`${app}/callback`] }],
})
provider.listen(port, '127.0.0.1', () => console.log(port))
