// Mercurius' live streams with its JIT: the same answers as those of bench/node/server.mjs, from memory, to be told in the same way.
import { setTimeout as pause } from 'node:timers/promises'
import Fastify from 'fastify'
import mercurius from 'mercurius'

const schema = `
  type Country { code: String! name: String! }
  type Alert {
    id: ID! revision: Int! number: String! status: String! view: String!
    createdAt: String changedAt: String broadcastAt: String country: Country
  }
  type InboxEntry { id: ID! kind: String! at: String alert: Alert }
  type AlertStreamItem { cursor: String! at: String entry: InboxEntry }
  type Query { viewer: String }
  type Subscription { alertStream(after: String): AlertStreamItem! }
`
const AT = '2026-01-01T00:00:00Z'
const streams = new Set()
let told = 0

const cursor = (number) => `WyJhbGVydHMiLCJhdXRfaHVfYWxlcnRzIiwg${String(number).padStart(8, '0')}`

// One listener's queue, as an async iterator.
class Stream {
  #waiting = [{ alertStream: { cursor: cursor(0), at: AT, entry: null } }]
  #wake = null

  push (item) {
    this.#waiting.push(item)
    this.#wake?.()
  }

  async * [Symbol.asyncIterator] () {
    streams.add(this)
    try {
      while (true) {
        while (this.#waiting.length > 0) yield this.#waiting.shift()
        await new Promise((resolve) => (this.#wake = resolve))
        this.#wake = null
      }
    } finally {
      streams.delete(this)
    }
  }
}

function tell () {
  told += 1
  const number = String(told).padStart(8, '0')
  const alert = {
    id: `alt_${number}`, revision: 3, number: `AL-2026-${number}`, status: 'BROADCAST', view: 'FULL',
    createdAt: AT, changedAt: AT, broadcastAt: AT, country: { code: 'IT', name: 'Olaszország' }
  }
  const item = { cursor: cursor(told), at: AT, entry: { id: `ent_${number}`, kind: 'BROADCAST', at: AT, alert } }
  for (const stream of streams) stream.push({ alertStream: item })
}

const resolvers = { Subscription: { alertStream: { subscribe: () => new Stream()[Symbol.asyncIterator]() } } }
const app = Fastify()
app.register(mercurius, { schema, resolvers, subscription: true, jit: 1 })
app.post('/emit', async (request) => {
  const { events = 0, every = 0 } = request.query
  for (let left = Number(events); left > 0; left -= 1) {
    tell()
    if (left > 1) await pause(Number(every))
  }
  return 'told'
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 16384 })
