// Hive Gateway with its JIT; each link is a batch read, one for all objects that ask for it at the same moment.
import { defineConfig } from '@graphql-hive/gateway'

const LANGUAGE = 'it'
const field = (name, selectionSet) => ({ kind: 'Field', name: { kind: 'Name', value: name }, selectionSet })
const selection = (...selections) => ({ kind: 'SelectionSet', selections })

// What gives the thing with an id; *needed* are fields of it that its own links go by.
const batch = (method, items, key, ...needed) => (root, id, context, info) =>
  id && context.services.Query[`imi_directory_v1_DirectoryService_${method}`]({
    root,
    key: id,
    context,
    info,
    argsFromKeys: (ids) => ({ input: { ids, languages: [LANGUAGE] } }),
    valuesFromResults: (found, ids) => {
      const known = new Map(found[items].map((one) => [one[key], one]))
      return ids.map((one) => known.get(one) ?? null)
    },
    selectionSet: (wanted) =>
      selection(field(items, selection(field(key), ...needed.map((one) => field(one)), ...wanted.selections)))
  })

const link = (source, read) => ({
  selectionSet: `{ ${source} }`,
  resolve: (root, _, context, info) => read(root, root[source], context, info)
})

const authority = batch('BatchGetAuthorities', 'authorities', 'id', 'country_code')
const country = batch('BatchGetCountries', 'countries', 'code')
const area = batch('BatchGetAreas', 'areas', 'code')
const concept = batch('BatchGetConcepts', 'concepts', 'id')

export const gatewayConfig = defineConfig({
  logging: 'warn',
  jit: true,
  transportEntries: { services: { location: process.env.SOURCE } },
  additionalResolvers: {
    imi__requests__v1__Request: { requester: link('requester_id', authority), responder: link('responder_id', authority) },
    imi__directory__v1__Authority: { country: link('country_code', country) },
    imi__directory__v1__Count: { country: link('value', country), area: link('value', area) },
    imi__directory__v1__AuthorityMatch: {
      concepts: {
        selectionSet: '{ concept_ids }',
        resolve: (root, _, context, info) => Promise.all(root.concept_ids.map((id) => concept(root, id, context, info)))
      }
    }
  }
})
