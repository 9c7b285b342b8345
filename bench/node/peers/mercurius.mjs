// Mercurius with its JIT and its loaders over the services of bench/gateway_source.py: the part of the schema that the bench asks for.
// Messages are read by code that pbjs has made beforehand (messages.cjs). Nobody signs in here.
import { createRequire } from 'node:module'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import grpc from '@grpc/grpc-js'

const { imi } = createRequire(import.meta.url)('./messages.cjs')
const directory = imi.directory.v1
const requests = imi.requests.v1
const LANGUAGE = 'it'

const client = new grpc.Client(process.env.SOURCE, grpc.credentials.createInsecure())

function call (service, method, Request, Response) {
  const path = `/${service}/${method}`
  const serialize = (message) => Buffer.from(Request.encode(message).finish())
  const deserialize = (bytes) => Response.decode(bytes)
  return (message) => new Promise((resolve, reject) => {
    const deadline = Date.now() + 10_000
    client.makeUnaryRequest(path, serialize, deserialize, message, new grpc.Metadata(), { deadline }, (error, response) =>
      error ? reject(error) : resolve(response))
  })
}

const DIRECTORY = 'imi.directory.v1.DirectoryService'
const getAuthorities = call(DIRECTORY, 'BatchGetAuthorities', directory.BatchGetAuthoritiesRequest, directory.BatchGetAuthoritiesResponse)
const getCountries = call(DIRECTORY, 'BatchGetCountries', directory.BatchGetCountriesRequest, directory.BatchGetCountriesResponse)
const getAreas = call(DIRECTORY, 'BatchGetAreas', directory.BatchGetAreasRequest, directory.BatchGetAreasResponse)
const getConcepts = call(DIRECTORY, 'BatchGetConcepts', directory.BatchGetConceptsRequest, directory.BatchGetConceptsResponse)
const listRequests = call('imi.requests.v1.RequestsService', 'ListRequests', requests.ListRequestsRequest, requests.ListRequestsResponse)
const sendRequest = call('imi.requests.v1.RequestsService', 'SendRequest', requests.SendRequestRequest, requests.SendRequestResponse)
const search = call('imi.directory.v1.SearchService', 'SearchAuthorities', directory.SearchAuthoritiesRequest, directory.SearchAuthoritiesResponse)

const schema = `
  enum AuthorityLevel { NATIONAL REGIONAL LOCAL }
  enum AuthorityStatus { INVITED REQUESTED ACTIVE REJECTED SUSPENDED DEREGISTERED }
  enum RequestStatus { DRAFT SENT }
  enum RequestList { SENT RECEIVED }
  enum Language { BG CS DA DE EL EN ES ET FI FR GA HR HU IT LT LV MT NL PL PT RO SK SL SV IS NB }
  type Contact { email: String phone: String }
  type Country { code: String! name: String! }
  type Area { code: String! name: String! }
  type Concept { id: ID! label: String! }
  type Authority {
    id: ID! revision: Int! name: String! officialName: String! description: String! level: AuthorityLevel status: AuthorityStatus!
    languages: [Language!]! contact: Contact country: Country
  }
  type Request { id: ID! status: RequestStatus! createdAt: String requester: Authority responder: Authority }
  type RequestEdge { node: Request! }
  type RequestConnection { edges: [RequestEdge!]! }
  type Match { concepts: [Concept!]! }
  type AuthorityEdge { node: Authority! match: Match! }
  type CountryCount { count: Int! country: Country }
  type AreaCount { count: Int! area: Area }
  type LevelCount { count: Int! level: AuthorityLevel! }
  type Facets { countries: [CountryCount!]! areas: [AreaCount!]! levels: [LevelCount!]! }
  type AuthorityConnection { totalCount: Int! edges: [AuthorityEdge!]! facets: Facets! }
  input SendRequestInput { idempotencyKey: String! id: ID! revision: Int }
  type SendRequestPayload { request: Request! }
  type Query {
    authority(id: ID!): Authority
    requests(list: RequestList!, first: Int): RequestConnection!
    searchAuthorities(first: Int, after: String): AuthorityConnection!
  }
  type Mutation { sendRequest(input: SendRequestInput!): SendRequestPayload! }
`

const text = (localized) => localized.texts[LANGUAGE] ?? ''
const LEVELS = { 1: 'NATIONAL', 2: 'REGIONAL', 3: 'LOCAL' }
const STATUSES = { 1: 'INVITED', 2: 'REQUESTED', 3: 'ACTIVE', 4: 'REJECTED', 5: 'SUSPENDED', 6: 'DEREGISTERED' }
const instant = (stamp) => stamp && `${new Date(Number(stamp.seconds) * 1000).toISOString().slice(0, 19)}+00:00`

const resolvers = {
  Query: {
    authority: async (_, { id }) => (await getAuthorities({ ids: [id], languages: [LANGUAGE] })).authorities[0],
    requests: async (_, { first }) => {
      const found = await listRequests({ list: 1, page: { first } })
      return { edges: found.requests.map((node) => ({ node })) }
    },
    searchAuthorities: async (_, { first, after }, context, info) => {
      const asks = info.fieldNodes[0].selectionSet.selections.some((one) => one.name.value === 'facets')
      const page = { first, after: after ?? '' }
      const found = await search({ language: LANGUAGE, languages: [LANGUAGE], page, withFacets: asks })
      const edges = found.authorities.map((node, number) => ({ node, match: found.matches[number] }))
      return { totalCount: Number(found.total), edges, facets: found.facets }
    }
  },
  Mutation: {
    sendRequest: async (_, { input }) => sendRequest({ id: input.id, command: { idempotencyKey: input.idempotencyKey } })
  },
  Authority: {
    revision: (one) => Number(one.revision),
    name: (one) => text(one.informalName),
    officialName: (one) => text(one.officialName),
    description: (one) => text(one.description),
    level: (one) => LEVELS[one.level],
    status: (one) => STATUSES[one.status],
    languages: (one) => one.languages.map((code) => code.toUpperCase())
  },
  Country: { name: (one) => text(one.name) },
  Area: { name: (one) => text(one.name) },
  Concept: { label: (one) => text(one.label) },
  CountryCount: { count: (one) => Number(one.count) },
  AreaCount: { count: (one) => Number(one.count) },
  Request: { status: () => 'SENT', createdAt: (one) => instant(one.createdAt) }
}

async function linked (queries, key, read) {
  const ids = [...new Set(queries.map(({ obj }) => obj[key]))]
  const found = await read(ids)
  return queries.map(({ obj }) => found.get(obj[key]) ?? null)
}

const authorities = async (ids) =>
  new Map((await getAuthorities({ ids, languages: [LANGUAGE] })).authorities.map((one) => [one.id, one]))
const countries = async (ids) =>
  new Map((await getCountries({ ids, languages: [LANGUAGE] })).countries.map((one) => [one.code, one]))
const areas = async (ids) => new Map((await getAreas({ ids, languages: [LANGUAGE] })).areas.map((one) => [one.code, one]))

const loaders = {
  Request: {
    requester: (queries) => linked(queries, 'requesterId', authorities),
    responder: (queries) => linked(queries, 'responderId', authorities)
  },
  Authority: { country: (queries) => linked(queries, 'countryCode', countries) },
  CountryCount: { country: (queries) => linked(queries, 'value', countries) },
  AreaCount: { area: (queries) => linked(queries, 'value', areas) },
  Match: {
    concepts: async (queries) => {
      const ids = [...new Set(queries.flatMap(({ obj }) => obj.conceptIds))]
      const found = new Map((await getConcepts({ ids, languages: [LANGUAGE] })).concepts.map((one) => [one.id, one]))
      return queries.map(({ obj }) => obj.conceptIds.map((id) => found.get(id)).filter(Boolean))
    }
  }
}

const app = Fastify()
app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
